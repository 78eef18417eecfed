Attribute VB_Name = "KfxlRibbon"
' What the buttons of the tab kfxl do. Python does the work and answers with one text: nothing, a
' message, or after a question mark a question.
Option Explicit

Private Const TITLE As String = "kfxl"

Public Sub RunBacktest(ByVal control As IRibbonControl)
    RunAction "run_backtest"
End Sub

Public Sub NewWorkbook(ByVal control As IRibbonControl)
    RunAction "new_workbook"
End Sub

Public Sub FitWorkbook(ByVal control As IRibbonControl)
    RunAction "fit_workbook"
End Sub

Public Sub RecalculateAll(ByVal control As IRibbonControl)
    ForgetFailure
    Application.CalculateFullRebuild
End Sub

Public Sub FunctionList(ByVal control As IRibbonControl)
    RunAction "function_list"
End Sub

Public Sub CheckKfxl(ByVal control As IRibbonControl)
    RunAction "check"
End Sub

Private Sub RunAction(ByVal Action As String)
    Dim Answer As String
    ForgetFailure
    Answer = CallKfxl("run_action", Array(Action, Application))
    If Left$(Answer, 1) = "?" Then
        If MsgBox(Mid$(Answer, 2), vbQuestion + vbYesNo, TITLE) = vbYes Then RunAction Action & "_confirmed"
    ElseIf Left$(Answer, 6) = "#KFXL!" Then
        MsgBox Trim$(Mid$(Answer, 7)), vbExclamation, TITLE
    ElseIf Answer <> "" Then
        MsgBox Answer, vbInformation, TITLE
    End If
End Sub
