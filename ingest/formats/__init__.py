"""Wire formats that several platforms share."""
