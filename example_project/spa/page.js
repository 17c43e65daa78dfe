import { call, signIn, tokenFromAddress } from "./identityx.js";

const at = (id) => document.getElementById(id);
const parts = ["ask", "agree", "again", "person"];

/** Say something, and show one of the page's parts, or none. */
function show(part, message) {
  for (const name of parts) at(name).hidden = name !== part;
  at("message").textContent = message;
  at("message").hidden = !message;
}

function showPerson(user) {
  at("name").textContent = user.name || user.email;
  at("address").textContent = user.email;
  at("levels").textContent = (user.access_levels ?? []).map((level) => level.name).join(", ") || "none";
  show("person", "");
}

/** What `api-me` says: a person, nobody, or that nobody can tell right now. */
async function showWhoIsHere(message = "Sign in by a link that we send you.") {
  const user = await call("me");
  if (user.status === 200) showPerson(user);
  else if (user.status === 401) show("ask", message);
  else show(null, user.detail ?? "Please try again in a moment.");
}

function agree({ code, masked_email: whose }) {
  const question =
    code === "other_person"
      ? `Somebody else is signed in. Change to ${whose}?`
      : `This link signs in as ${whose}. Is that you?`;
  show("agree", question);
  return new Promise((resolve) => {
    at("yes").onclick = () => resolve(true);
    at("no").onclick = () => resolve(false);
  });
}

at("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  const answer = await call("login-link", { email: at("email").value });
  button.disabled = false;
  show(answer.status === 202 ? null : "ask", answer.detail ?? "Please try again in a moment.");
});

at("out").addEventListener("click", async () => {
  const answer = await call("logout", {});
  if (answer.status === 204) await showWhoIsHere("You are signed out.");
  else show("person", answer.detail ?? "Please try again in a moment.");
});

async function redeem(token) {
  const answer = await signIn(token, agree);
  const detail = answer.detail ?? "Please try again in a moment.";
  if (answer.status === 200) return showPerson(answer);
  if (answer.masked_email) return showWhoIsHere(); // they said no
  if (answer.status !== 0 && answer.status !== 429 && answer.status < 500) return show("ask", detail);
  show("again", detail); // the link is still good
  at("retry").onclick = () => redeem(token);
}

const token = tokenFromAddress(); // before anything else: it must not stay in the address bar
await call("me"); // for the CSRF token
await (token ? redeem(token) : showWhoIsHere());
