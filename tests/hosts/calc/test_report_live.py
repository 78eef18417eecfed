"""Reports in a running LibreOffice: their looks, what they replace, and what failures leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kfxl_calc
import pytest

from kfxl.evaluation.backtest import backtest
from kfxl.hosts.calc_report import plain_report
from kfxl.spreadsheet.report import build_report
from kfxl.spreadsheet.workbook import build_template
from tests.hosts.calc.documents import Document
from tests.hosts.calc.office import INSIDE, Office
from tests.hosts.excel_books import returns_table
from tests.hosts.reports import small_report

pytestmark = pytest.mark.host
EXTENSION = Path(kfxl_calc.__file__).parents[1]
REPORT = ["Summary", "Value", "Weights", "Expected returns", "Sharpe", "Trading", "Risk"]
FIRST = 43861.0  # 2020-01-31
ASSETS = ("=1+1", "2020")  # names that a spreadsheet would like to compute
DATE_AXIS = 4  # com.sun.star.chart2.AxisType
# One step of each kind, each time the last of its kind before the report is complete.
STEPS = (
    "insertNewByName()",
    "setDataArray()",
    "OptimalWidth set",
    "addNewConverted()",
    "addNewByName()",
    "createDataSequenceByRangeRepresentation()",
    "setPrintAreas()",
    "PageStyle set",
    "freezeAtPosition()",
    "executeDispatch()",
)
AFTERWARDS = {"addNewByName()": 1}  # taken as often when the report is complete


def run(document: Document, work: str, **arguments: Any) -> Any:
    return document.run(INSIDE / "reports.py", work, **arguments)


def fill(document: Document, sheet: str = "Sheet1", first: float = FIRST) -> None:
    """Put returns with dates onto a sheet and select one of their cells."""
    frame = returns_table(ASSETS)
    days = [first + (day - frame.index[0]).days for day in frame.index]
    values = [[day, *row] for day, row in zip(days, frame.to_numpy().tolist(), strict=True)]
    document.fill(sheet, "B3", [["Date", *ASSETS], *values])
    run(document, "format_dates", sheet=sheet, area="B4:B75")
    run(document, "select", sheet=sheet, area="C5")


@pytest.fixture(scope="module")
def document(office: Office) -> Iterator[Document]:
    """A document of the user's, with a report of its selection."""
    with office.open() as opened:
        fill(opened)
        assert opened.dispatch("kfxl:run_backtest", Silent=True) == (
            "?This workbook is not a kfxl workbook. Run a backtest with the selection "
            "Sheet1.B3:D75 as returns (72 periods of 2 assets), with default settings?"
        )
        said = opened.dispatch("kfxl:run_backtest_confirmed", Silent=True)
        assert said == (
            f"Backtest of kalman against equal-weight: see the sheets {', '.join(REPORT)}."
        )
        yield opened


def test_cells_are_those_of_the_report(document: Document) -> None:
    returns = returns_table(ASSETS)
    report = plain_report(build_report(backtest(returns), returns, None))
    for page in report["sheets"]:
        shown = document.read(page["name"])
        for cells in [*page["numbers"], *page["texts"]]:
            top, left = cells["at"]
            for row, line in enumerate(cells["rows"], start=top):
                found = shown[row][left : left + len(line)]
                found += [""] * (len(line) - len(found))
                assert [type(value) for value in found] == [type(value) for value in line]
                assert found == [
                    value if isinstance(value, str) else pytest.approx(value, rel=1e-12)
                    for value in line
                ]


def test_looks_are_those_of_the_report(document: Document) -> None:
    looks = run(document, "looks", sheet="Weights", area="M5:N5")
    assert looks["types"] == ["TEXT", "TEXT"]
    assert document.shown("Weights", "L5:N6") == [
        ["Date", *ASSETS],
        ["2020-01-31", "50.0%", "50.0%"],
    ]
    assert looks["frozen"] == 5
    assert looks["scaled"] == [1, 1]
    assert looks["landscape"]
    assert looks["footer"][0].startswith("kfxl  ")
    assert looks["footer"][1].startswith("Page ")
    assert looks["alt"] == [["Weights held", "Stacked areas: weight of each asset over time."]]
    assert looks["anchors"] == ["$Weights.$A$5"]
    assert looks["axes"] == [["Date", "Weight", "YYYY", "0%", DATE_AXIS, True]]


def test_the_next_report_takes_the_place_of_the_last(
    office: Office, document: Document, tmp_path: Path
) -> None:
    run(document, "rename", sheet="Trading", name="My trading")
    run(document, "copy", sheet="Risk", name="My risk")
    run(document, "select", sheet="Sheet1", area="B3:D75")
    document.dispatch("kfxl:run_backtest_confirmed", Silent=True)
    mine = ["Sheet1", "My trading", "My risk"]
    assert sorted(document.sheets()) == sorted([*mine, *REPORT])
    assert run(document, "active") == ["Sheet1", "Sheet1.B3:D75"]
    assert run(document, "undo_titles") == []
    charts = {sheet: len(found) for sheet, found in document.charts().items()}
    assert charts["My trading"] == charts["Trading"] == 2
    # Its marks are saved, so that a report is known again when the file is opened.
    for name in ("mine.ods", "mine.xlsx"):
        with office.open(document.save(tmp_path / name)) as again:
            plain = run(again, "read_book", package=str(EXTENSION))
            assert {page["name"] for page in plain["sheets"] if page["own"]} == set(REPORT)


def test_formulas_that_read_a_report_read_the_next_one(office: Office) -> None:
    with office.open() as document:
        fill(document)
        document.dispatch("kfxl:run_backtest_confirmed", Silent=True)
        document.call("add_sheet", name="Mine")
        document.write(
            ("Mine", "A1", "=$Weights.M6*2"),
            ("Mine", "A2", "=SUM(weights.M6:N6)+COUNT($'Expected returns'.A1:Z99)"),
            ("Mine", "A3", '="Weights"&1'),
            ("Mine", "A4", "=$Sheet1.C4"),
            ("Mine", "A5", "=$Weights.A1048576"),
        )
        document.enter(("Mine", "C1:D2", "=$Weights.M6:N7*2"))
        run(document, "name_formula", name="Held", content="$Weights.$M$6:$N$6")
        document.write(("Mine", "A6", "=SUM(Held)"))
        formulas, values = document.formulas("Mine"), document.read("Mine")
        assert formulas[0][0] == "=$Weights.M6*2"
        assert formulas[0][2:] == formulas[1][2:] == ["{=$Weights.M6:N7*2}"] * 2
        assert values[0][0] == values[0][2] == values[5][0] == 1.0
        names = document.names()
        for _ in range(2):
            said = document.dispatch("kfxl:run_backtest_confirmed", Silent=True)
            assert said.startswith("Backtest of")
            assert document.formulas("Mine") == formulas
            assert document.read("Mine") == values
            assert document.names() == names
        document.write(("Sheet1", "C4", 0.5))
        assert document.value("Mine", "A4") == 0.5


def test_formulas_that_cannot_be_put_back_are_told(office: Office) -> None:
    report = plain_report(small_report("Value"))
    with office.open() as document:

        def write(name: str) -> Any:
            report["sheets"][0]["name"] = name
            given = {"package": str(EXTENSION), "report": report, "failing": "", "number": 0}
            return document.run(INSIDE / "faults.py", "write", **given)["left"]

        assert write("Value") == []
        document.call("add_sheet", name="Mine")
        document.write(("Mine", "A1", "=$Value.A1"), ("Mine", "A2", "=1+1"))
        document.enter(("Mine", "B1:C2", "=$Value.A1:B2"))
        run(document, "protect_sheet", sheet="Mine", on=True)
        assert write("Value") == ["formulas that read the report"]
        assert document.formulas("Mine", "A1") == [["=$Value.A1"]]
        assert document.formulas("Mine", "B1")[0][0] != "{=$Value.A1:B2}"
        run(document, "protect_sheet", sheet="Mine", on=False)
        assert write("Worth") == ["formulas that read Value, which the new report has not"]
        assert document.formulas("Mine", "A2") == [["=1+1"]]


def test_sheets_of_the_user_keep_their_names(office: Office) -> None:
    with office.open() as document:
        document.call("add_sheet", name="Value")
        fill(document)
        said = document.dispatch("kfxl:run_backtest_confirmed", Silent=True)
        assert "Summary, Value (2), Weights" in said
        assert document.sheets()[:4] == ["Sheet1", "Value", "Summary", "Value (2)"]


def test_days_may_count_from_1904(office: Office) -> None:
    with office.open() as document:
        run(document, "count_from_1904")
        fill(document, first=FIRST - 1462)
        assert document.shown("Sheet1", "B4:B4") == [["01/31/2020"]]
        document.dispatch("kfxl:run_backtest_confirmed", Silent=True)
        assert document.shown("Value", "L6:L6") == [["2020-01-31"]]


def test_what_a_document_says_of_itself(office: Office) -> None:
    with office.open() as document:
        run(document, "rename", sheet="Sheet1", name="Returns")
        document.enter(("Returns", "C2:C2", "=NA()"), ("Returns", "C3:C3", "=1/0"))
        document.write(
            ("Returns", "A1", "Date"),
            ("Returns", "A2", FIRST),
            ("Returns", "A3", 7.0),
            ("Returns", "B2", ""),
            ("Returns", "B3", 0.5),
        )
        run(document, "format_dates", sheet="Returns", area="A2:A2")
        # Formats without content, as the template has below its data.
        run(document, "format_dates", sheet="Returns", area="A5000:A6000")
        run(document, "name_formula", name="Fixed", content="$Returns.$A$1:$C$3")
        run(
            document,
            "name_formula",
            name="Returns_Data",
            content="$Returns.$A$1:INDEX($Returns.$A$1:$C$9;3;3)",
        )
        plain = run(document, "read_book", package=str(EXTENSION))
    assert plain["days"] == 0
    assert plain["names"] == {"Fixed": ["Returns", 0, 0, 3, 3]}
    (page,) = plain["sheets"]
    assert page["rows"] == [["Date", "", ""], [FIRST, "", "#N/A"], [7.0, 0.5, "#DIV/0!"]]
    assert page["dates"] == [[1, 0, 1]]


def test_the_window_of_the_command_is_the_one_that_is_read(office: Office) -> None:
    with office.open() as document:
        fill(document)
        said, selected, same = run(
            document,
            "in_the_first_of_two_windows",
            command="kfxl:run_backtest",
            areas=["C5", "G1"],
        )
        assert not same
        assert "the selection Sheet1.B3:D75 as returns" in said
        assert selected == ["Sheet1.C5", "Sheet1.G1"]


def test_what_stops_a_report(office: Office) -> None:
    with office.open() as document:
        fill(document)
        run(document, "protect", on=True)
        said = document.dispatch("kfxl:run_backtest_confirmed", Silent=True)
        assert "its structure is protected; lift it with Tools > Protect Spreadsheet" in said
        assert document.sheets() == ["Sheet1"]
        run(document, "protect", on=False)


def test_a_failing_step_leaves_the_earlier_report_whole(office: Office) -> None:
    report = plain_report(small_report("Value"))
    with office.open() as document:

        def faults(work: str, **arguments: Any) -> Any:
            return document.run(INSIDE / "faults.py", work, **arguments)

        def write(failing: str = "", number: int = 0) -> Any:
            package = str(EXTENSION)
            return faults("write", package=package, report=report, failing=failing, number=number)

        assert write()["said"] == ""
        before, counts = faults("state"), write()["steps"]
        assert faults("state") == before
        for step in STEPS:
            done = write(step, counts[step] - AFTERWARDS.get(step, 0))
            assert done["said"] == (
                "LibreOffice: RuntimeError: failed on purpose; nothing of yours was changed; try "
                "again"
            ), step
            assert done["locked"] == [False, False], step
            assert faults("state") == before, step
        # When the new report is complete, every step is tried, and what is left to do is said.
        done = write("removeByName()", counts["removeByName()"])
        assert done["left"] == ["earlier sheets of the report"]
        assert [sheet[0] for sheet in faults("state")["sheets"]] == [
            *("Sheet1", "Value (2)", "Value"),
        ]


def test_a_fitted_workbook_is_a_document_of_its_own(office: Office, tmp_path: Path) -> None:
    (tmp_path / "Plan.xlsx").write_bytes(build_template(returns_table(("Stocks", "Bonds"))))
    with office.open(tmp_path / "Plan.xlsx") as document:
        document.call("add_sheet", name="Mine")
        said = document.dispatch("kfxl:fit_workbook", Silent=True)
    (made,) = office.adopt()
    with made:
        title = run(made, "title")
        assert title.startswith("Untitled")
        assert said == (
            f"{title} is fitted to the data of Plan.xlsx, which is unchanged; save it.\n"
            "Not carried over: Mine."
        )
        assert made.value("Checks", "B3") == 1.0


def test_the_function_list_is_a_document_of_its_own(office: Office) -> None:
    with office.open() as document:
        assert document.dispatch("kfxl:function_list", Silent=True) == ""
    (made,) = office.adopt()
    with made:
        assert made.sheets() == ["kfxl functions"]
        assert made.value("kfxl functions", "A1") == "Worksheet functions"
        examples = [row[1] for row in made.read("kfxl functions") if row[1].startswith("=")]
        assert len(examples) == 15


def test_check_says_what_runs(office: Office) -> None:
    with office.open() as document:
        lines = document.dispatch("kfxl:check", Silent=True).splitlines()
    assert all(line.startswith("OK  ") for line in lines)
    for what in ("LibreOffice: ", "extension: ", "LibreOffice's Python: ", "kfxl: ", "self-test: "):
        assert any(line.startswith(f"OK  {what}") for line in lines)
