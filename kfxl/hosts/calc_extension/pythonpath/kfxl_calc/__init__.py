"""What runs inside LibreOffice, in its own Python: the standard library and uno only.

kfxl itself runs beside it as a process of its own (:mod:`kfxl_calc.child`), with its own Python.
"""
