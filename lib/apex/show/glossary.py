"""The field's terms, always the same ones, with what each means, in both languages (design, section 3)."""

from dataclasses import dataclass

from apex.show.words import Words


@dataclass(frozen=True)
class Term:
    """A term: how English says it, how the report's language says it, and what it means in one line."""

    english: str
    name: str
    meaning: str


def chapters(words: Words) -> dict[str, list[Term]]:
    """Every term with its meaning, by chapter, in the report's language; the order is the same in every language."""
    return {
        words("People"): [
            Term("consumer", words("consumer"), words("A person whom the brand knows by a key; never by name.")),
            Term(
                "brand",
                words("brand"),
                words("The name under which items are sold; every figure belongs to one brand."),
            ),
            Term(
                "business",
                words("business"),
                words(
                    "A selling format of one brand: flagship store, reseller, supermarket, instant delivery, physical store."
                ),
            ),
            Term(
                "behaviour",
                words("behaviour"),
                words("One thing that a consumer did or met, on one day: exposure, search, cart, purchase …"),
            ),
            Term(
                "touch",
                words("touch"),
                words("The last contact through a known channel in the 15 days before a move."),
            ),
            Term("crowd", words("crowd"), words("Consumers chosen by one written rule, to be addressed together.")),
            Term("tag", words("tag"), words("A trait by which consumers are told apart.")),
            Term(
                "TGI",
                words("TGI"),
                words(
                    "A crowd's share in our people ÷ its share in the category × 100; above 100 we have more than our part."
                ),
            ),
            Term(
                "peer",
                words("peer"),
                words("Another brand with the same main category, large enough to compare with."),
            ),
        ],
        words("Relation"): [
            Term(
                "stage",
                words("stage"),
                words(
                    "How deep a consumer's relation with the brand is; the campaign's rules say what each stage takes."
                ),
            ),
            Term(
                "asset",
                words("asset"),
                words("Consumers who stand at a stage: whom the brand knows and who know it."),
            ),
            Term(
                "opportunity",
                words("opportunity"),
                words("Consumers active in the category in the last 30 days who have no relation with the brand."),
            ),
            Term("ledger", words("ledger"), words("The book of every change of stage: one row a consumer and day.")),
            Term("stock", words("stock"), words("Consumers at a stage at the end of a day.")),
            Term("flow", words("flow"), words("Consumers by the stage of one day and the stage of a later day.")),
            Term(
                "benchmark",
                words("benchmark"),
                words("The mean of the five peers with the highest sales in the compared window."),
            ),
            Term(
                "gap",
                words("gap"),
                words("Consumers that the goal needs at a stage beyond those who will be there by themselves."),
            ),
        ],
        words("Campaign"): [
            Term(
                "goal",
                words("goal"),
                words("Sales wanted in a window, with the odds one wants to have of reaching them."),
            ),
            Term("GMV", words("GMV"), words("Purchases as paid, before refunds.")),
            Term(
                "eve",
                words("eve"),
                words("The day before the goal's window: what stands then is what the window works with."),
            ),
            Term("odds", words("odds"), words("How often the goal would be reached, as the model sees it.")),
            Term(
                "interval",
                words("interval"),
                words("The range that holds the true value as often as it says: 80 % or 95 %."),
            ),
            Term("scene", words("scene"), words("One business goal with the levers that serve it.")),
            Term("phase", words("phase"), words("A part of the campaign's calendar, in this order:")),
            Term("build-up", words("build-up"), words("New consumers are made aware before anything is sold.")),
            Term("presale", words("presale"), words("Interest is gathered, with deposits or reservations.")),
            Term("warm-up", words("warm-up"), words("Those who are interested fill carts and visit shops.")),
            Term("burst", words("burst"), words("The days on which most is bought.")),
            Term("return", words("return"), words("The days after: left carts, purchases that go together.")),
        ],
        words("Media and effect"): [
            Term("content", words("content"), words("A text, picture, video or live show that tells of the brand.")),
            Term("creative", words("creative"), words("One advertisement as it is seen.")),
            Term("placement", words("placement"), words("Where an advertisement stands.")),
            Term("contract buying", words("contract buying"), words("Media bought beforehand with a guarantee.")),
            Term("auction buying", words("auction buying"), words("Media bought impression by impression.")),
            Term(
                "sequence",
                words("sequence"),
                words("Messages in an order, the next one chosen by what the last one did."),
            ),
            Term(
                "hold-out",
                words("hold-out"),
                words("A random share of a crowd that is not addressed, so that the effect can be told."),
            ),
            Term(
                "purchase intent",
                words("purchase intent"),
                words("How much nearer to buying a campaign brought those who saw it."),
            ),
            Term(
                "lift",
                words("lift"),
                words(
                    "What would not have happened without the campaign, by an experiment or a design that earns the word."
                ),
            ),
            Term(
                "credit",
                words("credit"),
                words("What is assigned to a channel because it was there: an association, not proof."),
            ),
            Term("attribution", words("attribution"), words("Sharing out results among the touches before them.")),
            Term(
                "lesson",
                words("lesson"),
                words("What a wrap-up learned, as figures that the next plan starts from."),
            ),
        ],
        words("The loop"): [
            Term("insight", words("insight"), words("Where do we stand?")),
            Term("plan", words("plan"), words("What must we gather to reach the goal, and how?")),
            Term("execute", words("execute"), words("Who gets what, next?")),
            Term("wrap-up", words("wrap-up"), words("What did it change, and what did we learn?")),
        ],
    }


def glossary(words: Words) -> dict[str, str]:
    """English term → the term in the report's language."""
    return {term.english: term.name for terms in chapters(words).values() for term in terms}


def channel(name: str, words: Words) -> str:
    """A channel as people say it, in the report's language; one that the glossary does not know stays as it is."""
    known = {
        "display": words("store display"),
        "circular": words("circular"),
        "coupon": words("mailed coupon"),
        "search": words("search ads"),
        "feed": words("feed ads"),
        "retarget": words("retargeting"),
        "topview": words("splash ads"),
        "activity": words("event slots"),
        "live": words("live shows"),
        "short-video": words("short video"),
        "message": words("messages to members"),
        "social": words("social content"),
        "video-feed": words("off-site video"),
        "tv": words("television"),
        "outdoor": words("outdoor ads"),
        "natural": words("own visits"),
    }
    return known.get(name, name)
