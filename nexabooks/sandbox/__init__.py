"""A pretend world of services on loopback, for the demo and the tests. Nothing in the product imports it but the demo verb."""
