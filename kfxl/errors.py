"""The three kinds of failure, each one line that a spreadsheet cell can show."""


class KfxlError(Exception):
    """Base of every error that kfxl raises on purpose; ``str`` of it is one line."""


class InputError(KfxlError, ValueError):
    """Something that the user can fix: which argument, what is wrong, what to do.

    >>> print(InputError("budgets", "Gold is negative", "give 0 or more"))
    budgets: Gold is negative; give 0 or more
    """

    def __init__(self, argument: str, problem: str, remedy: str) -> None:
        super().__init__(argument, problem, remedy)
        self.argument = argument
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.argument}: {self.problem}; {self.remedy}"


class SolverError(KfxlError, ArithmeticError):
    """A solver found no answer that satisfies its optimality conditions.

    >>> print(SolverError("risk budgets not met", "use more rows than assets"))
    risk budgets not met; use more rows than assets
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"
