"""The life of a finding: a pure, total state machine."""
