// Signing in from a page of one's own. Nothing here is stored: the session cookie is what counts,
// and no script can read it.

const API = document.querySelector("meta[name=identityx-api]").content;
let csrfToken = "";

/** Call one of the JSON addresses; the answer's body with its status. */
export async function call(name, body, again = true) {
  let answer;
  try {
    answer = await fetch(`${API}${name}/`, {
      method: body ? "POST" : "GET",
      credentials: "include",
      headers: body ? { "Content-Type": "application/json", "X-CSRFToken": csrfToken } : {},
      body: body && JSON.stringify(body),
    });
  } catch {
    return { status: 0, code: "unavailable", detail: "The site can't be reached." };
  }
  const data = await answer.json().catch(() => ({}));
  csrfToken = data.csrf_token ?? csrfToken;
  if (answer.status === 403 && data.code === "csrf" && again) {
    await call("me"); // somebody signed in or out in another tab: the token is a new one
    return call(name, body, false);
  }
  return { ...data, status: answer.status };
}

/** The token of the link that led here, taken out of the address bar. */
export function tokenFromAddress() {
  const token = new URLSearchParams(location.search).get("token");
  if (token) history.replaceState(null, "", location.pathname);
  return token;
}

/** Sign in by a link; `agree` asks the person, where that is needed, and resolves to true or false. */
export async function signIn(token, agree) {
  const answers = {};
  let answer = await call("login", { token });
  while (answer.status === 409 && answer.masked_email && (await agree(answer))) {
    answers[answer.code === "other_person" ? "replace" : "confirmed"] = true;
    answer = await call("login", { token, ...answers });
  }
  if (answer.status === 200) await call("me"); // signing in gives a new CSRF token
  return answer;
}
