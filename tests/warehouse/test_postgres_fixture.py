"""The PostgreSQL that the tests run against is a real one, fresh for each test."""

import psycopg


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True, client_encoding="utf8")


def test_each_database_is_fresh_and_its_own(new_postgresql_database):
    first, second = new_postgresql_database(), new_postgresql_database()
    with _connect(first) as connection:
        connection.execute("create table only_here (a int)")
    with _connect(second) as connection:
        tables = connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
    assert tables == (0,)


def test_database_in_another_encoding(new_postgresql_database):
    with _connect(new_postgresql_database(encoding="EUC_TW")) as connection:
        assert connection.execute("show server_encoding").fetchone() == ("EUC_TW",)


def test_server_wants_its_password(postgresql_url):
    with _connect(postgresql_url) as connection:
        assert connection.execute("select inet_server_addr() = '127.0.0.1'").fetchone() == (True,)
        assert connection.execute("show password_encryption").fetchone() == ("scram-sha-256",)
