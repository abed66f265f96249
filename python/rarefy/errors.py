"""What goes wrong."""


class RarefyError(ValueError):
    """A model, a pass pipeline or an argument that cannot be used.

    `diagnostics` holds the messages, one string each, such as
    "model.mlir:3:8: error: ...".
    """

    def __init__(self, diagnostics: list[str]) -> None:
        super().__init__("\n".join(diagnostics) or "the compiler gave no reason")
        self.diagnostics = diagnostics
