"""The commands of `uois-sam`, one module each with `add_parser` and `run`; heavy imports only inside `run`."""
