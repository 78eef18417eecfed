Attribute VB_Name = "KfxlHelp"
' Tells Excel what the functions and their arguments mean, for the function wizard.
Option Explicit

Private Registered As Boolean
Private Registering As Boolean

' Excel takes the texts only while a workbook is open; ThisWorkbook calls this again until it is done.
Public Sub RegisterHelp()
    If Registered Or Registering Then Exit Sub
    If ActiveWorkbook Is Nothing Then Exit Sub
    Registering = True
    Registered = Described()
    If Not Registered Then Registered = DescribedInTheOpen(ActiveWorkbook)
    ThisWorkbook.Saved = True
    Registering = False
End Sub

Private Function Described() As Boolean
    On Error GoTo Refused
    DescribeFunctions
    Described = True
Refused:
End Function

' Some versions of Excel refuse the texts of a hidden workbook, which an add-in is.
Private Function DescribedInTheOpen(ByVal Former As Workbook) As Boolean
    Dim Screen As Boolean, Events As Boolean
    On Error Resume Next
    Screen = Application.ScreenUpdating
    Events = Application.EnableEvents
    Application.ScreenUpdating = False
    Application.EnableEvents = False
    ThisWorkbook.IsAddin = False
    DescribedInTheOpen = Described()
    ThisWorkbook.IsAddin = True
    Former.Activate
    Application.EnableEvents = Events
    Application.ScreenUpdating = Screen
End Function

Public Sub Describe(ByVal FunctionName As String, ByVal Summary As String, ByVal Arguments As Variant)
    Dim Macro As String
    Macro = "'" & ThisWorkbook.Name & "'!" & FunctionName
    If IsArray(Arguments) Then
        Application.MacroOptions Macro:=Macro, Description:=Summary, Category:="kfxl", ArgumentDescriptions:=Arguments
    Else
        Application.MacroOptions Macro:=Macro, Description:=Summary, Category:="kfxl"
    End If
End Sub
