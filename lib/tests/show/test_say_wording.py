"""Short claims stay short, and cut names rather than what is said of them."""

from apex.show.say.wording import LONGEST, fitting


def test_what_fits_is_left_alone():
    assert fitting("Loyal grew", "Loyal") == "Loyal grew"
    assert fitting("x" * LONGEST) == "x" * LONGEST


def test_the_longest_name_is_cut_and_the_claim_kept():
    said = fitting(f"{'n' * 70} gathers more slowly than Loyal", "n" * 70, "Loyal")
    assert len(said) == LONGEST and said.endswith("… gathers more slowly than Loyal")


def test_the_end_goes_only_where_names_are_not_enough():
    said = fitting("a" * 40 + " " + "b" * 40 + " " + "c" * 40, "b" * 40)
    assert len(said) <= LONGEST and said.endswith("…")
