#!/bin/sh
# The database of ttai beside Temporal's two: run by PostgreSQL's image once, when its volume is empty.
set -eu
psql --set=ON_ERROR_STOP=1 --set=password="$STORE_PASSWORD" --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
CREATE ROLE ttai LOGIN PASSWORD :'password';
CREATE DATABASE ttai OWNER ttai;
SQL
