"""What vTiger says when it refuses: a code and a message (facts: vtiger "Errors", "Query language")."""

from __future__ import annotations


class Refusal(Exception):
    """An answer with `success: false`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def denied(name: str = "") -> Refusal:
    return Refusal("ACCESS_DENIED", f"Permission to perform the operation is denied{f' for {name}' if name else ''}")


def syntax(at: str) -> Refusal:
    return Refusal("QUERY_SYNTAX_ERROR", f"Syntax Error on line 1: token '{at}' Unexpected")


def unknown() -> Refusal:
    return Refusal("INTERNAL_SERVER_ERROR", "Unknown Error while processing request")
