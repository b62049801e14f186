"""INTRODUCE: settings, wiring, command line and timetable; the only package that knows everybody."""
