"""From table and formula to the arrays of a mixed model."""
