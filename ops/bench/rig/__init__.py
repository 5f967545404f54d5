"""What the benches share: stores, synthetic accounts, servers, the load tool, and the table of figures."""
