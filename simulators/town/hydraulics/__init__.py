"""Water and sewer days of a town: computed once with EPANET and SWMM, kept in a file, read where a town is played."""
