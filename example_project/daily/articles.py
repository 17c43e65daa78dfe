# ruff: noqa: RUF001 - apostrophes, in prose
"""What the magazine prints. A real one keeps this in a database."""

from dataclasses import dataclass
from datetime import date

from django.urls import reverse


@dataclass(frozen=True)
class Article:
    """A piece, with its paragraphs as plain text."""

    slug: str
    section: str
    title: str
    standfirst: str
    author: str
    published: date
    paragraphs: tuple[str, ...]
    picture: str
    members_only: bool = False
    level: str = ""  # the access level that it takes; see views.premium

    def get_absolute_url(self) -> str:
        return reverse("premium" if self.level else "article", args=[self.slug])


def find(slug: str) -> Article | None:
    """Return the article at an address."""
    return next((article for article in ARTICLES if article.slug == slug), None)


ARTICLES = (
    Article(
        slug="the-last-lamplighter",
        section="City",
        title="The last lamplighter of Harbour Street",
        standfirst="Forty-one gas lamps still burn between the fish market and the old customs "
        "house. One man knows every valve, and he would like to retire.",
        author="Ines Marlow",
        published=date(2025, 11, 3),
        picture="lamp",
        paragraphs=(
            "At a quarter past four, when the fish market has been hosed down and the gulls have "
            "moved on to the car park, Bernard Oake leans his ladder against the first post on "
            "Harbour Street. He does not look at his watch. He looks at the clock tower, which is "
            "four minutes slow, and adds the minutes in his head.",
            "The lamps should have gone in 1974. The council had bought the electric ones, and "
            "the contractor had already dug half of the trench, when it turned out that the "
            "street stood on two metres of rubble from the old harbour wall. The trench was "
            "filled in again. Somebody wrote “postponed” on the file, and there it still stands.",
            "Since then the gas lamps have outlived three mayors, a lorry, and the factory that "
            "made their mantles. Oake gets those from a firm in Bohemia that also supplies "
            "theatres. He buys them by the gross, and breaks about one in ten. “They are ash "
            "already when you light them,” he says. “You only have to persuade them to stay.”",
            "Two apprentices have come and gone. The first wanted to know why the lamps were not "
            "on a timer; the second put one in, and for a week the whole street lit up at noon. "
            "Now a third is walking behind the ladder, writing down which valves stick in an east "
            "wind. Oake lets her light the last one herself. It takes her three matches. He does "
            "not say anything, and on Harbour Street that counts as praise.",
        ),
    ),
    Article(
        slug="a-slow-train-north",
        section="Travel",
        title="A slow train north",
        standfirst="The night express takes six hours. The stopping train takes eleven, and it "
        "is the only one that anybody remembers.",
        author="Tomas Reyl",
        published=date(2025, 11, 2),
        picture="train",
        paragraphs=(
            "There are thirty-four stations between the capital and the end of the line, and the "
            "7.12 calls at all of them. At nine nobody has got on or off for as long as the "
            "conductor has kept count. She opens the doors there all the same, since the "
            "timetable says so, and because of the smell of the pines.",
            "People who travel fast will tell you about where they have been. People who travel "
            "slowly tell you about the others in the carriage: the man with the clarinet case "
            "full of seedlings, the girl who was reading the last page of every book in her bag. "
            "By noon we had a chess problem going across the aisle, and a division of labour for "
            "somebody’s crossword.",
            "North of the river the line is single track. We waited for forty minutes at a halt "
            "for the express to pass in the other direction. It went by as a long bright noise. "
            "For a moment there were faces in it, all of them looking down. “Poor things,” said "
            "the conductor, and meant it.",
        ),
    ),
    Article(
        slug="bread-that-waits",
        section="Kitchen",
        title="Bread that waits for you",
        standfirst="A dough that asks for four minutes of work and two days of patience, "
        "from a baker who has given up getting up early.",
        author="Paula Achterberg",
        published=date(2025, 11, 1),
        picture="bread",
        paragraphs=(
            "Everything that is said about bread is said by people who get up at three. I did so "
            "for eleven years, and I can tell you that nothing about the bread requires it. What "
            "requires it is the shop, which opens at six. At home there is no shop.",
            "Stir 500 grams of flour, 380 of water, ten of salt and as much yeast as stays on the "
            "tip of a knife. Stop stirring as soon as no flour is left to see. Cover the bowl, "
            "put it into the coldest part of the refrigerator, and do something else until the "
            "day after tomorrow. The dough will do on its own what kneading does, only better.",
            "Fold it twice, let it come to the temperature of the room, and bake it in a hot iron "
            "pot: thirty minutes with the lid on, fifteen without. It is ready when a knock on "
            "its underside sounds like a knock on a door behind which somebody is at home.",
        ),
    ),
    Article(
        slug="what-the-river-keeps",
        section="Long read",
        title="What the river keeps",
        standfirst="Every seven years the lock is drained for repairs. What lies at the bottom "
        "is a history of the town that nobody meant to write.",
        author="Ines Marlow",
        published=date(2025, 10, 31),
        picture="river",
        members_only=True,
        paragraphs=(
            "The water goes down by a hand’s breadth an hour, and the first thing to appear is "
            "always a bicycle. This year it is a green one with a child’s seat. The lock keeper "
            "chalks a number on its frame and writes the number into a ledger whose first entry, "
            "in another hand, reads: “1 anchor, 1 stove, 1 saint.”",
            "The saint is in the museum now. The stove was claimed by a family who could describe "
            "the dent. In 1953 it was forty-three identical umbrellas, from a barge that had "
            "insured sixty. In 1988 it was a safe, and a crowd of three hundred stood on the wall "
            "while a locksmith opened it. It held a sandwich in greaseproof paper and the key to "
            "another safe.",
            "One might think that people throw away what is worth nothing. The ledger says the "
            "opposite. There are eleven wedding rings in it, a trumpet, a box of letters sealed "
            "with wax so carefully that it had stayed dry. The keeper did not read them. He "
            "posted them, all twenty-six, to the address on the envelopes.",
            "“Was there an answer?” I ask. He turns back a few pages, to the repair before last. "
            "In the column for remarks, where it usually says “scrap”, somebody has written: "
            "“Thank you. I wondered where I had put him.”",
        ),
    ),
    Article(
        slug="in-praise-of-the-margin",
        section="Books",
        title="In praise of the margin",
        standfirst="Second-hand dealers call it damage. We went looking for the readers who "
        "wrote back.",
        author="Jonah Feld",
        published=date(2025, 10, 30),
        picture="book",
        members_only=True,
        paragraphs=(
            "In the trade a note in a margin takes a third off the price, unless it is by "
            "somebody famous, and then it adds a nought. All between is “ink, some”. I have spent "
            "a winter with nothing but ink, some, and I want to speak for it.",
            "There is the geometry book in which three generations of one family have solved the "
            "same problem wrongly, each correcting the last. There is the cookery book that says "
            "“no” beside a recipe, and under that, in the same hand and years later, “yes”. There "
            "is the detective novel where on page twelve a kind soul has written the name of the "
            "murderer, and a kinder one has crossed it out and written another.",
            "A clean page has been read by anybody, or by nobody. Beside a pencil mark you are "
            "never alone with a book. Somebody has sat here before you, looked up at this very "
            "line, and could not keep it to themselves.",
        ),
    ),
    Article(
        slug="the-house-that-moved",
        section="History",
        title="The house that moved by night",
        standfirst="In 1911 a family carried its house across the county line, room by room, for "
        "the sake of one vote. We followed the wheel tracks.",
        author="Tomas Reyl",
        published=date(2025, 10, 29),
        picture="house",
        level="Premium",
        paragraphs=(
            "The line runs through the orchard, between the ninth row of trees and the tenth. On "
            "one side a man could vote for the railway, on the other side against the dam. Amos "
            "Tiller had planted the trees himself, and built on the wrong side of them.",
            "He did not apply for anything. He jacked up the kitchen on a Monday in March, put it "
            "on two hay wagons, and had it standing among the pears before the milk was in. The "
            "parlour followed on Wednesday, with his mother-in-law in it, who would not miss her "
            "tea. The stairs came last. For two nights the family climbed to bed by ladder.",
            "The railway won by three. The dam was built all the same, and the lake came up to "
            "the eighth row and stopped. The house still stands among the pears. On the wrong "
            "side of the orchard, if the water is low, one can see a doorstep.",
        ),
    ),
)
