"""The conformance kit: a vendor's till against a sandbox with faults on demand, and a report of what it did."""
