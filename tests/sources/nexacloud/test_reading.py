"""What a read of NexaCloud's database brings, and what stops it."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from nexabooks.errors import (
    AccessRefused,
    NexabooksError,
    PermanentError,
    SettingsError,
    SourceContractBroken,
    Unreachable,
)
from nexabooks.record_hash import hash_of
from nexabooks.sources.nexacloud import SOURCE, reader
from nexabooks.streams import Batch, Claim, Finished

STREAMS = {stream.name: stream for stream in SOURCE.streams}


def read(database, table, state=None, *, full=False, **changed):
    """The lines of the CSV without their hashes, the batch, and the end."""
    with SOURCE.open(database.settings(**changed)) as session:
        return read_in(session, table, state, full=full)


def read_in(session, table, state=None, *, full=False):
    items = session.read(STREAMS[table], state, full=full)
    batch = next(items)
    text = re.sub("^[0-9a-f]{32},", "", batch.csv_path.read_text(), flags=re.MULTILINE)
    (end,) = items
    assert isinstance(batch, Batch) and isinstance(end, Finished)
    return text, batch, end


def test_every_table_is_read_whole_with_its_count(database, fill):
    """The count is PostgreSQL's own."""
    fill("users", email="'a@example.test'")
    for table in STREAMS:
        text, batch, end = read(database, table)
        row_count = 1 if table == "users" else 0
        assert batch.row_count == row_count == len(text.splitlines())
        assert end.is_complete
        assert sum(claim.row_count for claim in end.claims) == row_count


def test_null_and_the_empty_text_stay_two_things(database, fill):
    """NULL comes unquoted, everything else quoted."""
    fill("addons", id="'00000000-0000-0000-0000-000000000001'", name="''", is_active="true")
    text, _, _ = read(database, "addons")
    assert text == '"00000000-0000-0000-0000-000000000001","",,"t"\n'


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",))))
def test_any_text_comes_back_as_it_is(database, name):
    """Quotes, commas, line breaks, emoji, HTML."""
    connection = psycopg2.connect(database.owner_dsn)
    with connection, connection.cursor() as cursor:
        cursor.execute("delete from public.addons")
        cursor.execute("insert into public.addons (id, name) values (gen_random_uuid(), %s)", [name])
    connection.close()
    with SOURCE.open(database.settings()) as session:
        items = session.read(STREAMS["addons"], None)
        batch = next(items)
        with batch.csv_path.open(newline="") as file:
            (row,) = csv.reader(file)
    assert row[2] == name


def test_each_row_has_its_hash_before_it(database, fill):
    """Made of the whole row as PostgreSQL sends it, whatever is in it: NULL and the empty text are two rows."""
    id_ = "'00000000-0000-0000-0000-00000000000{}'"
    for n, name in enumerate(("NULL", "''", "E'two\nlines'")):
        fill("addons", id=id_.format(n), name=name)
    with SOURCE.open(database.settings()) as session:
        items = session.read(STREAMS["addons"], None)
        sent = next(items).csv_path.read_bytes()
    rows = re.findall(rb"([0-9a-f]{32}),(.*?\n)(?=[0-9a-f]{32},|$)", sent, flags=re.DOTALL)
    assert len(rows) == 3 and all(hash_of(row) == hash_ for hash_, row in rows)
    assert len({row.split(b",", 1)[1] for _, row in rows}) == 3


def test_times_are_written_in_utc_whatever_the_server_thinks(database, fill):
    """A server in Toronto sends its own offset otherwise."""
    database.run("alter role reader set timezone to 'America/Toronto'")
    fill("usage_records", period_start="'2026-10-31T23:30:00-04:00'")
    text, _, _ = read(database, "usage_records")
    database.run("alter role reader reset timezone")
    assert '"2026-11-01 03:30:00+00"' in text


def test_all_tables_of_a_run_are_seen_at_one_moment(database, fill):
    """An item written while the run goes on has no invoice in it, so it is not in it either."""
    with SOURCE.open(database.settings()) as session:
        read_in(session, "invoices")
        fill("invoice_items", description="'late'")
        assert read_in(session, "invoice_items")[1].row_count == 0
    assert read(database, "invoice_items")[1].row_count == 1


def test_the_session_refuses_every_write_even_to_the_owner(database):
    """PostgreSQL itself does, not our good intentions."""
    with SOURCE.open(database.settings(nexacloud_dsn=SecretStr(database.owner_dsn))) as session:
        for write in ("insert into public.addons (id) values (gen_random_uuid())", "drop table public.addons"):
            with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction), session._connection.begin_nested():
                session._ask(write, [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("drop table invoices", "no table invoices"),
        ("alter table invoices drop column tax", "tax is missing"),
        ("alter table invoices alter tax type double precision", r"tax is double precision, not DECIMAL\(18,2\)"),
        ("alter table invoices alter tax type money", "tax is money"),
        ("alter table invoices alter paid_at type timestamp", "paid_at is timestamp without time zone"),
        ("alter table invoices alter status type integer using 1", "status is integer, not VARCHAR"),
        ("revoke select on invoices from reader", "was not granted"),
        (
            "revoke select on invoices from reader; grant select (id, tax) on invoices to reader",
            r"user_id is missing \(or not granted\)",
        ),
    ],
)
def test_a_table_that_is_not_what_it_was_stops_its_stream_and_no_other(database, change, words):
    """The sentence names the table and the column."""
    database.run(change)
    with SOURCE.open(database.settings()) as session:
        with pytest.raises(SourceContractBroken, match=words) as raised:
            read_in(session, "invoices")
        assert raised.value.record == "invoices"
        assert read_in(session, "users")[2].is_complete


def test_an_error_of_the_database_itself_stops_its_stream_and_no_other(database):
    """It ends a transaction, so each stream has its own savepoint."""
    database.run(
        "drop table addons",
        "create view addons as select gen_random_uuid() as id, ''::text as name, 1 / (random() * 0)::numeric as price_monthly, "
        "true as is_active",
        "grant select on addons to reader",
    )
    with SOURCE.open(database.settings()) as session:
        with pytest.raises(
            PermanentError, match=r"addons of NexaCloud failed: PostgreSQL answered 22012\. .* will not help"
        ):
            read_in(session, "addons")
        assert read_in(session, "users")[2].is_complete


def test_a_number_finer_than_declared_stops_its_stream(database, fill):
    """Landing it would round it without a word."""
    database.run("alter table invoices alter subtotal type numeric")
    fill("invoices", subtotal="10.005", currency="'cad'")
    with pytest.raises(SourceContractBroken, match=r"invoices\.subtotal has 1 rows with more than 2 decimals"):
        read(database, "invoices")


def test_a_narrower_type_is_welcome(database, fill):
    """Every value of it fits."""
    database.run("alter table plans alter cpu_seconds_quota type integer, alter price_monthly type integer")
    fill("plans", cpu_seconds_quota="18000", price_monthly="20")
    assert '"20",,,"18000"' in read(database, "plans")[0]


def test_a_new_column_lands_as_text_behind_the_others(database, fill):
    """Whatever its type is; declared columns keep their places."""
    database.run("alter table plans add column tags text[] default '{a,b}'")
    fill("plans", name="'Small'")
    text, batch, _ = read(database, "plans")
    assert batch.columns == (*STREAMS["plans"].columns, ("tags", "VARCHAR"))
    assert text.endswith(',"{a,b}"\n')


@pytest.mark.parametrize(
    "column", ["hashed_password text", "api_key text", "mfa_secret text", "session_token text", "x bytea"]
)
def test_a_column_that_keeps_a_secret_is_left_out(database, fill, column):
    """The real table of users has a password hash; a warehouse has none."""
    database.run(f"alter table users add column {column}")
    fill("users", email="'a@example.test'")
    assert read(database, "users")[1].columns == STREAMS["users"].columns


def test_invoices_are_claimed_per_currency_and_month(database, fill):
    """Count and sum of subtotal, months cut in UTC, in the currency's own minor units."""
    fill("invoices", currency="'cad'", subtotal="10.50", created_at="'2026-02-28T23:30-05:00'")
    fill("invoices", currency="'CAD'", subtotal="1.00", created_at="'2026-03-31T23:59Z'")
    fill("invoices", currency="'jpy'", subtotal="500", created_at="'2026-03-01Z'")
    fill("invoices", currency="'jpy'", subtotal="0.50", created_at="'2026-04-01Z'")
    fill("invoices")
    claims = read(database, "invoices")[2].claims
    assert claims == (
        Claim("invoices", 1, 0, "", ""),
        Claim("invoices", 2, 1150, "CAD", "2026-03"),
        Claim("invoices", 1, 500, "JPY", "2026-03"),
        Claim("invoices", 1, None, "JPY", "2026-04"),
    )


def test_usage_is_read_again_for_the_last_35_days(database, fill):
    """It is counted up while its period lasts; what is older is read on `full`."""
    for day in ("2026-08-01", "2026-10-20", "2026-11-15"):
        fill("usage_records", period_start=f"'{day}Z'", cpu_hours="1.5")
    _, batch, end = read(database, "usage_records")
    assert (batch.row_count, end.is_complete) == (3, True)
    assert end.state == {"period_start": "2026-11-15T00:00:00+00:00"}
    _, batch, later = read(database, "usage_records", end.state)
    assert (batch.row_count, later.is_complete, later.claims[0].row_count) == (2, False, 2)
    assert read(database, "usage_records", end.state, full=True)[1].row_count == 3


def test_a_usage_record_of_the_future_does_not_move_the_cursor_beyond_now(database, fill):
    """Or it would hide everything that is written until then."""
    fill("usage_records", period_start="'2099-01-01Z'")
    fill("usage_records", period_start="'2026-11-01Z'")
    assert read(database, "usage_records")[2].state == {"period_start": "2026-11-01T00:00:00+00:00"}


def test_no_file_stays_behind(database, fill):
    """The CSV goes when the next piece is asked for, and with the session at the latest."""
    fill("users")
    with SOURCE.open(database.settings()) as session:
        items = session.read(STREAMS["users"], None)
        path = next(items).csv_path
        assert path.exists()
        next(items)
        assert not path.exists()
        never_ended = session.read(STREAMS["users"], None)
        unfinished = next(never_ended).csv_path
        assert unfinished.exists()
    assert not unfinished.parent.exists()
    never_ended.close()


@pytest.fixture
def handed_over_at_once(database, monkeypatch):
    """A table that takes a while to copy, and no patience."""
    monkeypatch.setattr(reader, "GROWN_BYTES", 1)
    monkeypatch.setattr(reader, "GROWN_S", 0)
    database.run(
        "insert into public.users (id, full_name) select gen_random_uuid(), g from generate_series(1, 100000) g"
    )


@pytest.mark.usefixtures("handed_over_at_once")
def test_a_file_is_handed_over_while_it_grows(database):
    """The warehouse works on it meanwhile; the last time it is whole and counted."""
    with SOURCE.open(database.settings()) as session:
        *growing, last, end = session.read(STREAMS["users"], None)
    assert growing and all(batch.is_growing and batch.row_count == 0 for batch in growing)
    assert {batch.csv_path for batch in growing} == {last.csv_path}
    assert (last.is_growing, last.row_count, end.claims[0].row_count) == (False, 100000, 100000)


def test_a_copy_that_nobody_waits_for_is_stopped_and_the_session_goes_on(database, monkeypatch):
    """A warehouse that refuses a table leaves its read in the middle."""
    ended = []

    def copy_for_long(session, table_sql, where_sql, parameters, columns, path):
        path.write_text('"1"')
        try:
            return session._ask("select pg_sleep(60)", [])
        except psycopg2.Error as error:
            ended.append(type(error))
            raise

    monkeypatch.setattr(reader, "GROWN_BYTES", 1)
    with SOURCE.open(database.settings()) as session:
        with monkeypatch.context() as slow:
            slow.setattr(reader.NexacloudSession, "_copy", copy_for_long)
            items = session.read(STREAMS["users"], None)
            assert next(items).is_growing
            items.close()
        assert ended == [psycopg2.errors.QueryCanceled]
        assert read_in(session, "plans")[1].row_count == 0


@pytest.mark.parametrize(
    ("dsn", "error"),
    [
        ("postgresql://reader:wrong-secret@127.0.0.1:9/postgres", Unreachable),
        ("postgresql://nobody:wrong-secret@/postgres?host={socket}", AccessRefused),
        ("postgresql://reader:wrong-secret@/elsewhere?host={socket}", AccessRefused),
        ("wrong-secret", SettingsError),
    ],
    ids=["no server there", "no such role", "no such database", "no address"],
)
def test_a_database_that_cannot_be_opened_is_one_sentence_without_the_password(database, dsn, error):
    """The driver's own text may quote the address."""
    socket = database.owner_dsn.partition("host=")[2]
    wrong = SecretStr(dsn.format(socket=socket))
    with pytest.raises(NexabooksError) as raised, SOURCE.open(database.settings(nexacloud_dsn=wrong)):
        pass
    assert type(raised.value) is error
    assert "wrong-secret" not in f"{raised.value!r}{raised.value.__cause__}"


def test_a_connection_cut_in_the_middle_may_be_tried_again(database):
    """Each stream that follows says so as well."""
    with SOURCE.open(database.settings()) as session:
        read_in(session, "users")
        database.run("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'reader'")
        for table in ("plans", "invoices"):
            with pytest.raises(Unreachable, match=f"Reading {table} of NexaCloud failed"):
                read_in(session, table)


@pytest.mark.parametrize(
    ("dsn", "says"),
    [
        pytest.param(
            "postgresql://reader:top@s3cret@db/nexacloud", "percent-encode the password", id="@ in the password"
        ),
        pytest.param("postgresql://reader:top@s3c:ret@db/nexacloud", "percent-encode the password", id="@ and :"),
        pytest.param("postgresql://reader:top@s/3cret@db/nexacloud", "percent-encode the password", id="@ and /"),
        pytest.param("postgresql://reader:s3cret@db:abc/nexacloud", "no database URL", id="a port that is no number"),
        pytest.param("postgresql+asyncpg://reader:s3cret@db/nexacloud", "its driver is not", id="a driver of its own"),
        pytest.param("s3cret", "no database URL", id="no address"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_any_part_of_its_password(dsn, says):
    """A password that is not percent-encoded runs over into the host, the port or the database."""
    from nexabooks.settings import Settings

    settings = Settings(_env_file=None, nexacloud_dsn=dsn)
    with pytest.raises(SettingsError, match=f"NEXABOOKS_NEXACLOUD_DSN.*{says}") as error, SOURCE.open(settings):
        pass
    assert not [part for part in ("top", "s3c", "ret@", "3cret") if part in str(error.value)]
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_missing_address_is_named_before_anything_is_read():
    """With the name of the setting."""
    from nexabooks.settings import Settings

    unset = Settings(_env_file=None, clock=datetime(2026, 11, 20, tzinfo=UTC))
    with pytest.raises(SettingsError, match="NEXABOOKS_NEXACLOUD_DSN"), SOURCE.open(unset):
        pass
