Attribute VB_Name = "KfxlServer"
' Calls kfxl in Python. One Python process serves all workbooks: it is started by the first call
' through the DLL that xlwings puts beside the interpreter, kept, and started anew when it has gone.
Option Explicit
' Keeps the functions below out of Excel's list of functions.
Option Private Module

#If Win64 Then
Private Const DLL_NAME As String = "xlwings64-@VERSION@.dll"
Private Declare PtrSafe Function ActivateServer Lib "xlwings64-@VERSION@.dll" Alias "XLPyDLLActivateAuto" (ByRef Result As Variant, ByVal Command As String, ByVal Mode As Long) As Long
Private Declare PtrSafe Function LoadLibrary Lib "kernel32" Alias "LoadLibraryW" (ByVal FileName As LongPtr) As LongPtr
#ElseIf VBA7 Then
Private Const DLL_NAME As String = "xlwings32-@VERSION@.dll"
Private Declare PtrSafe Function ActivateServer Lib "xlwings32-@VERSION@.dll" Alias "XLPyDLLActivateAuto" (ByRef Result As Variant, ByVal Command As String, ByVal Mode As Long) As Long
Private Declare PtrSafe Function LoadLibrary Lib "kernel32" Alias "LoadLibraryW" (ByVal FileName As LongPtr) As LongPtr
#End If

Private Const CONFIG As String = "kfxl.conf"
Private Const PYTHON_MODULE As String = "kfxl.hosts.excel"
Private Const ACTION As String = "run_action"
Private Const START_SERVER As Long = 1
Private Const STOP_SERVER As Long = -1
Private Const OUR_ERROR As Long = vbObjectError + 513
Private Const GETTING_DATA As Long = 2043
' A sheet of a hundred formulas must not wait a hundred times for a server that cannot start.
Private Const PATIENCE_SECONDS As Double = 10

Private Server As Object
Private CommandLine As String
Private Starts As Long
Private Failure As String
Private FailedAt As Double

' The result of a function of kfxl, or one line of text that says what is wrong.
Public Function CallKfxl(ByVal FunctionName As String, ByVal Arguments As Variant) As Variant
    Dim Tries As Long, Number As Long, Description As String
    #If Mac Then
    CallKfxl = "#KFXL! Excel: on a Mac the functions cannot run in Excel; use kfxl recalc in a terminal"
    Exit Function
    #End If
    If Failure <> "" And Abs(Timer - FailedAt) < PATIENCE_SECONDS Then
        CallKfxl = Failure
        Exit Function
    End If
    If NotYetCalculated(Arguments) Then
        CallKfxl = CVErr(GETTING_DATA)
        Exit Function
    End If
    On Error GoTo Failed
Again:
    If Server Is Nothing Then StartServer
    CallKfxl = Server.CallUDF(PYTHON_MODULE, FunctionName, Arguments, Nothing, Nothing)
    Failure = ""
    Exit Function
Failed:
    Number = Err.Number
    Description = Err.Description
    ' What a button does may be half done: it must not be done twice.
    If Tries = 0 And FunctionName <> ACTION And ServerHasGone(Number) Then
        Tries = 1
        Resume StartAnew
    End If
    CallKfxl = FailureText(Number, Description)
    Exit Function
StartAnew:
    StopServer
    GoTo Again
End Function

' What the cells say when Python cannot be reached; kept for a moment when it cannot start.
Private Function FailureText(ByVal Number As Long, ByVal Description As String) As String
    If Number = OUR_ERROR Then
        FailureText = "#KFXL! Python: " & Left$(Description, 150)
        FailureText = FailureText & "; install kfxl again, or run: kfxl excel check"
        Failure = FailureText
        FailedAt = Timer
    Else
        FailureText = "#KFXL! Excel: the call failed (error " & Number & "); recalculate, or run: kfxl excel check"
    End If
End Function

Private Function FirstLine(ByVal Text As String) As String
    FirstLine = Trim$(Split(Replace(Text, vbCr, vbLf) & vbLf, vbLf)(0))
End Function

' Forget an earlier failure, so that the next call tries again at once.
Public Sub ForgetFailure()
    Failure = ""
End Sub

Public Sub StopServer()
    Dim Answer As Variant
    Set Server = Nothing
    If CommandLine = "" Then Exit Sub
    On Error Resume Next
    ActivateServer Answer, CommandLine, STOP_SERVER
    CommandLine = ""
End Sub

Private Sub StartServer()
    Dim Interpreter As String, Folder As String, Program As String, Answer As Variant
    Interpreter = Expanded(ThisWorkbook.Worksheets(CONFIG).Range("B1").Value)
    LoadDll Interpreter
    Folder = Left$(Interpreter, InStrRev(Interpreter, "\") - 1)
    Program = "." & Mid$(Interpreter, Len(Folder) + 1)
    ' cmd.exe takes no folder of a network for the current one.
    If Left$(Folder, 2) = "\\" Then Program = Interpreter
    Starts = Starts + 1
    CommandLine = ServerCommandLine(Program, Starts)
    If ActivateIn(Folder, Answer) <> 0 Then
        Err.Raise OUR_ERROR, "kfxl", "it did not start (" & FirstLine(CStr(Answer)) & ")"
    End If
    Set Server = Answer
End Sub

' The DLL knows only letters of the system's own code page, in the command line and in variables such
' as %LOCALAPPDATA%; the current folder, which what it starts inherits, knows every letter of a user's name.
Private Function ActivateIn(ByVal Folder As String, ByRef Answer As Variant) As Long
    Dim Shell As Object, Former As String
    Set Shell = CreateObject("WScript.Shell")
    Former = Shell.CurrentDirectory
    Shell.CurrentDirectory = Folder
    ActivateIn = ActivateServer(Answer, CommandLine, START_SERVER)
    On Error Resume Next
    Shell.CurrentDirectory = Former
End Function

' What the DLL runs. With /C cmd.exe ends with Python, so that the DLL sees at once when Python cannot
' start; with /D it runs no commands of its own, such as those of conda. The DLL never starts a line again whose server has died: the number makes it another line.
Public Function ServerCommandLine(Program, Start)
    ServerCommandLine = "cmd.exe /D /C """"" & Program & """ -I -c ""import xlwings; xlwings.serve('$(CLSID)')  # start " & Start & """"""
End Function

' Errors with which COM says that the process behind an object is no longer there.
Public Function ServerHasGone(Number)
    Select Case Number
        Case 462, -2147023174, -2147023170, -2147417848, -2147418105, -2147418106, -2147418094
            ServerHasGone = True
        Case Else
            ServerHasGone = False
    End Select
End Function

' The DLL lies beside the interpreter, or one folder up in a virtual environment.
Private Sub LoadDll(ByVal Interpreter As String)
    Dim Files As Object, Folder As String, Path As String
    Set Files = CreateObject("Scripting.FileSystemObject")
    If Not Files.FileExists(Interpreter) Then
        Err.Raise OUR_ERROR, "kfxl", Interpreter & " is missing"
    End If
    Folder = Files.GetParentFolderName(Interpreter)
    Path = Files.BuildPath(Folder, DLL_NAME)
    If Not Files.FileExists(Path) Then
        Path = Files.BuildPath(Files.GetParentFolderName(Folder), DLL_NAME)
    End If
    If Not Files.FileExists(Path) Then
        Err.Raise OUR_ERROR, "kfxl", DLL_NAME & " is missing beside " & Interpreter
    End If
    If LoadLibrary(StrPtr(Path)) = 0 Then
        Err.Raise OUR_ERROR, "kfxl", Path & " cannot be loaded"
    End If
End Sub

' A kfxl book that another program or another user's Excel has written must find the functions here. The
' cell that says whether kfxl answers tells, and starts Python before it is needed.
Public Sub WakeFormulas(ByVal Book As Workbook)
    Dim Status As Range, Saved As Boolean
    On Error Resume Next
    Saved = Book.Saved
    MendLinks Book
    Set Status = Book.Names("Addin_Status").RefersToRange
    If Not Status Is Nothing Then
        Status.Calculate
        If Left$(Status.Text, 10) = "not loaded" Then Application.CalculateFullRebuild
    End If
    Book.Saved = Saved
End Sub

' Excel writes the whole path of the add-in into a book that it saves, which is another one for each user.
Private Sub MendLinks(ByVal Book As Workbook)
    Dim Links As Variant, Link As Variant, Alerts As Boolean
    On Error Resume Next
    Links = Book.LinkSources(xlExcelLinks)
    If Not IsArray(Links) Then Exit Sub
    Alerts = Application.DisplayAlerts
    Application.DisplayAlerts = False
    For Each Link In Links
        If IsOtherKfxl(CStr(Link), ThisWorkbook.FullName) Then
            Book.ChangeLink CStr(Link), ThisWorkbook.FullName, xlLinkTypeExcelLinks
        End If
    Next Link
    Application.DisplayAlerts = Alerts
End Sub

Public Function IsOtherKfxl(ByVal Link As String, ByVal Own As String) As Boolean
    Dim Name As String
    Name = LCase$(Mid$(Link, InStrRev(Replace(Link, "/", "\"), "\") + 1))
    IsOtherKfxl = Name = "kfxl.xlam" And StrComp(Link, Own, vbTextCompare) <> 0
End Function

Private Function Expanded(ByVal Text As String) As String
    Expanded = CreateObject("WScript.Shell").ExpandEnvironmentStrings(Text)
End Function

' What an argument of a worksheet function holds. A range is cut at the sheet's used part, so that
' whole columns can be selected; what is missing, a number or an array stays as it is.
Public Function CellsOf(ByRef Value As Variant) As Variant
    If Not IsObject(Value) Then
        CellsOf = Value
    ElseIf Value.Areas.Count > 1 Then
        CellsOf = "#KFXL! Excel: an argument is made of several blocks; select one block of cells"
    Else
        CellsOf = UsedCells(Value)
    End If
End Function

Private Function UsedCells(ByVal Block As Range) As Variant
    Dim Used As Range, Height As Long, Width As Long, Part As Range, Found As Variant
    Set Used = Block.Worksheet.UsedRange
    Height = Used.Row + Used.Rows.Count - Block.Row
    Width = Used.Column + Used.Columns.Count - Block.Column
    If Height > Block.Rows.Count Then Height = Block.Rows.Count
    If Width > Block.Columns.Count Then Width = Block.Columns.Count
    If Height < 1 Or Width < 1 Then
        UsedCells = Empty
        Exit Function
    End If
    Set Part = Block.Resize(Height, Width)
    Found = Part.Value2
    If HoldsUncalculated(Part, Found) Then
        UsedCells = CVErr(GETTING_DATA)
        Exit Function
    End If
    If Not Block.Worksheet.Parent.Date1904 Then PutDates Found, Part.Columns(1)
    UsedCells = Found
End Function

' Excel calls a function before the cells that it needs are computed, and once more afterwards. Such a cell
' is empty although it holds a formula; then Python need not be asked.
Private Function HoldsUncalculated(ByVal Part As Range, ByRef Found As Variant) As Boolean
    Dim Row As Long, Column As Long
    If Not IsNull(Part.HasFormula) Then
        If Not Part.HasFormula Then Exit Function
    End If
    If Not IsArray(Found) Then
        HoldsUncalculated = IsEmpty(Found)
        Exit Function
    End If
    For Row = 1 To UBound(Found, 1)
        For Column = 1 To UBound(Found, 2)
            If IsEmpty(Found(Row, Column)) Then
                If Part.Cells(Row, Column).HasFormula Then
                    HoldsUncalculated = True
                    Exit Function
                End If
            End If
        Next Column
    Next Row
End Function

Private Function NotYetCalculated(ByVal Arguments As Variant) As Boolean
    Dim Position As Long
    For Position = LBound(Arguments) To UBound(Arguments)
        If IsError(Arguments(Position)) Then
            If CLng(Arguments(Position)) = GETTING_DATA Then NotYetCalculated = True
        End If
    Next Position
End Function

' Value2 gives every number whole, where Value cuts money at four decimals, but dates as numbers. Those of
' the first column become dates again, unless the book counts from 1904: there the numbers agree with
' what the results show. Value fails on a number that is no date in a cell formatted as one.
Private Sub PutDates(ByRef Cells As Variant, ByVal FirstColumn As Range)
    Dim Dates As Variant, Row As Long
    On Error GoTo NoDates
    Dates = FirstColumn.Value
    If Not IsArray(Cells) Then
        If VarType(Dates) = vbDate Then Cells = Dates
    ElseIf Not IsArray(Dates) Then
        If VarType(Dates) = vbDate Then Cells(1, 1) = Dates
    Else
        For Row = 1 To UBound(Dates, 1)
            If VarType(Dates(Row, 1)) = vbDate Then Cells(Row, 1) = Dates(Row, 1)
        Next Row
    End If
NoDates:
End Sub
