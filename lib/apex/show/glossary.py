"""The field's terms, always the same ones, in both languages; design section 3 is where they come from."""

from apex.show.words import Words


def glossary(words: Words) -> dict[str, str]:
    """English term → the term in the report's language."""
    return {
        "consumer": words("consumer"),
        "brand": words("brand"),
        "business": words("business"),
        "behaviour": words("behaviour"),
        "touch": words("touch"),
        "stage": words("stage"),
        "asset": words("asset"),
        "opportunity": words("opportunity"),
        "ledger": words("ledger"),
        "stock": words("stock"),
        "flow": words("flow"),
        "crowd": words("crowd"),
        "tag": words("tag"),
        "scene": words("scene"),
        "phase": words("phase"),
        "build-up": words("build-up"),
        "presale": words("presale"),
        "warm-up": words("warm-up"),
        "burst": words("burst"),
        "return": words("return"),
        "benchmark": words("benchmark"),
        "gap": words("gap"),
        "content": words("content"),
        "creative": words("creative"),
        "placement": words("placement"),
        "contract buying": words("contract buying"),
        "auction buying": words("auction buying"),
        "sequence": words("sequence"),
        "purchase intent": words("purchase intent"),
        "lift": words("lift"),
        "credit": words("credit"),
        "attribution": words("attribution"),
        "lesson": words("lesson"),
        "insight": words("insight"),
        "plan": words("plan"),
        "execute": words("execute"),
        "wrap-up": words("wrap-up"),
    }


def channel(name: str, words: Words) -> str:
    """A channel as people say it, in the report's language; one that the glossary does not know stays as it is."""
    known = {"display": words("store display"), "circular": words("circular"), "coupon": words("mailed coupon")}
    return known.get(name, name)
