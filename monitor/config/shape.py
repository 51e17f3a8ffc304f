"""What the models of all mappings in sources.yaml have in common."""

from pydantic import BaseModel, ConfigDict, Discriminator, model_validator


class Shape(BaseModel):
    """A mapping; a key that stands without a value counts as not written."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

    @classmethod
    def written_keys(cls) -> list[str]:
        """The keys as they stand in the file."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @model_validator(mode="before")
    @classmethod
    def _drop_blank(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None or key not in cls.written_keys()}


def list_or_mapping(message: str) -> Discriminator:
    """Tells a list from a mapping, for values that may be either."""

    def tag(value: object) -> str | None:
        return "list" if isinstance(value, list) else "mapping" if isinstance(value, dict | Shape) else None

    context: dict[str, int | str | float] = {"message": message, "hint": ""}
    return Discriminator(
        tag, custom_error_type="mistake", custom_error_message="{message}", custom_error_context=context
    )
