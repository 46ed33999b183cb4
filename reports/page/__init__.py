"""The finance page: what people see in a browser; knows no clock and no configuration."""
