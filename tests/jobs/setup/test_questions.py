"""Questions of `recon init`: answered by options, by a person, or by what is sure; never guessed."""

import pytest

from jobs.run.outcome import JobError
from jobs.setup.questions import Questions

STATES = ("paid", "pending")


def asked(*answers: str) -> tuple[Questions, list[str]]:
    """Questions that a person answers, and all that this person sees."""
    left = list(answers)
    seen: list[str] = []

    def ask(prompt: str) -> str:
        seen.append(prompt)
        return left.pop(0)

    return Questions({}, ask, seen.append), seen


def test_a_person_chooses_by_number_or_name_and_is_asked_until_it_is_one() -> None:
    questions, seen = asked("3", "done", "", "2")
    assert questions.choice("key", "What is it?", STATES) == "pending"
    assert seen[:3] == ["What is it?", "  1  paid", "  2  pending"]
    assert seen.count("number or name: ") == 4
    assert '"done" is none of them' in seen
    questions, seen = asked("")
    assert questions.choice("key", "What is it?", STATES, "paid") == "paid"
    assert seen[-1] == "number or name [paid]: "


def test_an_option_answers_and_is_checked() -> None:
    questions = Questions({"orders.shop.status.Done": "paid", "other": "x"}, None, print)
    assert questions.choice("orders.shop.status.Done", "?", STATES) == "paid"
    with pytest.raises(JobError, match="--set other: there is no such question for these files"):
        questions.refuse_unused()
    wrong = Questions({"key": "payed"}, None, print)
    with pytest.raises(JobError, match=r'--set key: "payed" is not one of paid, pending \(did you mean "paid"\?\)'):
        wrong.choice("key", "?", STATES)


def test_where_nobody_can_be_asked_only_what_is_sure_is_taken() -> None:
    questions = Questions({}, None, print)
    assert questions.choice("key", "What is it?", STATES, "paid", is_sure=True) == "paid"
    assert questions.text("key", "Which?", "OMISE", is_sure=True) == "OMISE"
    assert questions.agrees("Right?")
    with pytest.raises(
        JobError, match=r"^What is it: this cannot be decided here: --set key=VALUE \(paid, pending\)$"
    ):
        questions.choice("key", "What is it?", STATES, "paid")


def test_yes_and_no_are_words() -> None:
    questions, seen = asked("maybe", "N")
    assert not questions.agrees("Is it right?")
    assert seen == ["Is it right? [yes]: ", "yes or no", "Is it right? [yes]: "]
