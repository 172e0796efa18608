"""Odoo's own books about itself: models, fields made by users, external ids, attachments, messages."""

from __future__ import annotations

import html
import re
from typing import Any

from nexabooks.sandbox.odoo.access import check, user_of
from nexabooks.sandbox.odoo.env import UniqueIndex
from nexabooks.sandbox.odoo.fields import Field
from nexabooks.sandbox.odoo.model import Model, one, remote
from nexabooks.sandbox.odoo.refusals import NotPretended, Refusal, UserError, ValidationError
from nexabooks.sandbox.odoo.store import Row

TTYPES = (
    "char",
    "text",
    "html",
    "integer",
    "float",
    "monetary",
    "boolean",
    "date",
    "datetime",
    "selection",
    "many2one",
    "many2many",
    "one2many",
)


class IrModel(Model):
    name, label = "ir.model", "Models"
    own_fields = (Field("name", "char", is_required=True), Field("model", "char", is_required=True, is_indexed=True))


class IrModelFields(Model):
    name, label = "ir.model.fields", "Fields"
    own_fields = (
        Field("name", "char", "Field Name", is_required=True, is_indexed=True),
        Field("model", "char", is_indexed=True),
        Field("model_id", "many2one", comodel="ir.model", is_required=True, is_indexed=True),
        Field("field_description", "char", "Field Label"),
        Field("ttype", "selection", selection=TTYPES, is_required=True),
        Field("relation", "char"),
        Field("index", "boolean"),
        Field("copied", "boolean", default=True),
        Field("required", "boolean"),
        Field("readonly", "boolean"),
        Field("store", "boolean", default=True),
        Field("state", "selection", selection=("manual", "base"), default="manual"),
    )

    def insert(self, given: Row) -> int:
        model = self.env.row("ir.model", given["model_id"])["model"]
        given = {**given, "model": model}
        if given.get("state", "manual") == "manual":
            if not given["name"].startswith("x_"):
                raise ValidationError("Custom fields must have a name that starts with 'x_'!")
            if any(self.row(i)["model"] == model for i in self.table.having("name", given["name"])):
                raise ValidationError("Field names must be unique per model.")
            if given["ttype"] not in ("char", "text", "integer", "float", "boolean", "date", "datetime"):
                raise NotPretended(f"custom fields of the type {given['ttype']!r}")
            id = super().insert(given)
            row = self.row(id)
            own = Field(
                row["name"],
                row["ttype"],
                row["field_description"] or row["name"],
                is_indexed=row["index"],
                is_copied=row["copied"],
                is_own=True,
            )
            self.env.registry.add_field(model, own)
            return id
        return super().insert(given)

    def write_row(self, id: int, vals: dict[str, Any]) -> None:
        if set(vals) - {"field_description"}:
            raise NotPretended("changing a custom field")
        super().write_row(id, vals)

    def _unlink(self, ids: list[int]) -> None:
        for id in ids:
            row = self.row(id)
            if row["state"] != "manual":
                raise UserError("This column contains module data and cannot be removed!")
            self.env.registry.remove_field(row["model"], row["name"])
        super()._unlink(ids)


class IrModelData(Model):
    name, label = "ir.model.data", "Model Data"
    unique_indexes = (UniqueIndex("ir_model_data_module_name_uniq_index", ("module", "name"), "name"),)
    own_fields = (
        Field("module", "char", is_required=True, default=""),
        Field("name", "char", "External Identifier", is_required=True, is_indexed=True),
        Field("model", "char", "Model Name", is_required=True),
        Field("res_id", "integer", "Record ID", is_indexed=True),
        Field("noupdate", "boolean"),
        Field("complete_name", "char", compute=lambda env, r: f"{r['module']}.{r['name']}"),
    )

    def display_name(self, id: int) -> str:
        return str(self.value(self.row(id), "complete_name"))

    def give(self, external_id: str, model: str, id: int) -> None:
        """Give a record its external id."""
        module, _, name = external_id.partition(".")
        self.insert({"module": module, "name": name, "model": model, "res_id": id, "noupdate": False})

    @remote("model", "ask")
    def check_object_reference(self, module: str, xml_id: str, raise_on_access_error: bool = False) -> list[Any]:
        """The model and id behind an external id; False for the id of an archived record, unless the context says
        `active_test` false. Whoever may read the record may ask."""
        for id in self.table.having("name", xml_id):
            row = self.row(id)
            if row["module"] == module:
                target = self.env[row["model"]]
                check(user_of(self.env.uid), target.name, target.label, "read")
                return [row["model"], row["res_id"] if target.find([["id", "=", row["res_id"]]]) else False]
        raise Missing(f"External ID not found in the system: {module}.{xml_id}")


class Missing(Refusal):
    """Odoo's bare ValueError for an external id that is not there."""


class IrModelConstraint(Model):
    """Nobody may create one, not even the administrator; that is all there is to it."""

    name, label = "ir.model.constraint", "Model Constraint"
    own_fields = (Field("name", "char"),)


class Attachment(Model):
    name, label = "ir.attachment", "Attachment"
    own_fields = (
        Field("name", "char", is_required=True),
        Field("res_model", "char"),
        Field("res_id", "integer", is_indexed=True),
        Field("type", "selection", selection=("url", "binary"), default="binary"),
        Field("mimetype", "char"),
        Field("datas", "binary"),
        Field("url", "char"),
        Field("description", "text"),
    )


class Message(Model):
    name, label, order = "mail.message", "Message", "id desc"
    own_fields = (
        Field("body", "html"),
        Field("model", "char"),
        Field("res_id", "integer", is_indexed=True),
        Field(
            "message_type",
            "selection",
            selection=("email", "comment", "notification", "auto_comment", "user_notification"),
            default="notification",
        ),
        Field("subtype_id", "many2one", comodel="mail.message.subtype"),
        Field("attachment_ids", "many2many", comodel="ir.attachment"),
        Field("date", "datetime", default=lambda env: env.stamp),
    )

    def insert(self, given: Row) -> int:
        """HTML is kept, scripts taken out."""
        body = re.sub(r"<script.*?</script>", "", given.get("body") or "", flags=re.IGNORECASE | re.DOTALL)
        return super().insert({**given, "body": body})

    def write_row(self, id: int, vals: dict[str, Any]) -> None:
        if {"model", "res_id"} & set(vals) and not user_of(self.env.uid).is_admin:
            raise UserError("Only administrators can modify 'model' and 'res_id' fields.")
        super().write_row(id, vals)


class MessageSubtype(Model):
    name, label = "mail.message.subtype", "Message subtypes"
    own_fields = (Field("name", "char", "Message Type", is_required=True),)


class Chatter(Model):
    """What models with a message thread share."""

    @remote("one")
    def message_post(
        self,
        ids: list[int],
        body: str = "",
        body_is_html: bool = False,
        message_type: str = "notification",
        subtype_xmlid: str | None = None,
        attachment_ids: list[int] | None = None,
    ) -> int:
        """Say something on a record. HTML is escaped unless `body_is_html`; then it is kept, scripts taken out."""
        text = body if body_is_html else f"<p>{html.escape(body, quote=False)}</p>"
        id = self.must_exist([one(ids, self.name)])[0]
        messages = self.env["mail.message"]
        vals = {
            "body": text,
            "model": self.name,
            "res_id": id,
            "message_type": message_type,
            "subtype_id": self.env.ref(subtype_xmlid or "mail.mt_note"),
        }
        return messages._create([{**vals, "attachment_ids": [[6, 0, attachment_ids or []]]}])[0]


MODELS = (IrModel, IrModelFields, IrModelData, IrModelConstraint, Attachment, Message, MessageSubtype)
