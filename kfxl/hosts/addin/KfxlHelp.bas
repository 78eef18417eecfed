Attribute VB_Name = "KfxlHelp"
' Tells Excel what the functions and their arguments mean, for the function wizard.
Option Explicit

Private Registered As Boolean

' Excel takes the texts only while a workbook is open; ThisWorkbook calls this again until it is done.
Public Sub RegisterHelp()
    If Registered Then Exit Sub
    If ActiveWorkbook Is Nothing Then Exit Sub
    On Error GoTo NotYet
    DescribeFunctions
    Registered = True
    ThisWorkbook.Saved = True
NotYet:
End Sub

Public Sub Describe(ByVal FunctionName As String, ByVal Summary As String, ByVal Arguments As Variant)
    Dim Macro As String
    Macro = "'" & ThisWorkbook.Name & "'!" & FunctionName
    If IsArray(Arguments) Then
        Application.MacroOptions Macro:=Macro, Description:=Summary, Category:="kfxl", ArgumentDescriptions:=Arguments
    Else
        Application.MacroOptions Macro:=Macro, Description:=Summary, Category:="kfxl"
    End If
End Sub
