"""The finance page: what people see in a browser."""
