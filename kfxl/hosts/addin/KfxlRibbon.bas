Attribute VB_Name = "KfxlRibbon"
' What the buttons of the tab kfxl do. Python does the work and answers with one text: nothing, a
' message, after #KFXL! what is wrong, or after a question mark a question.
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
    ' A server that has gone is started anew here; the action itself is never tried twice.
    Answer = CallKfxl("KFXL_VERSION", Array())
    If Left$(Answer, 6) <> "#KFXL!" Then Answer = Done(Action)
    If Left$(Answer, 1) = "?" Then
        If MsgBox(Mid$(Answer, 2), vbQuestion + vbYesNo, TITLE) = vbYes Then RunAction Action & "_confirmed"
    ElseIf Left$(Answer, 6) = "#KFXL!" Then
        MsgBox Trim$(Mid$(Answer, 7)), vbExclamation, TITLE
    ElseIf Answer <> "" Then
        MsgBox Answer, vbInformation, TITLE
    End If
End Sub

' Python puts Excel's settings back itself; should it end in the middle, this does.
Private Function Done(ByVal Action As String) As String
    Dim Calculation As Long, Events As Boolean
    On Error Resume Next
    Calculation = Application.Calculation
    Events = Application.EnableEvents
    Done = CallKfxl("run_action", Array(Action, Application))
    If Left$(Done, 6) = "#KFXL!" Then
        Application.EnableEvents = Events
        Application.ScreenUpdating = True
        Application.DisplayAlerts = True
        Application.StatusBar = False
        If Calculation <> 0 Then Application.Calculation = Calculation
    End If
    If Not ActiveWorkbook Is Nothing Then WakeFormulas ActiveWorkbook
End Function
