"""The only SQL: modules of functions over tables. A row comes out as a value of the core, never as a record."""
