"""Tables that an office keeps in spreadsheets (people, duty rosters): read, checked, compared with the registry."""
