#!/bin/bash
# Run once by the PostgreSQL image, when its data folder is empty: the role that the services log in with, and a
# database for each of them. The superuser loses its password: from then on it comes in by the socket inside
# the container only (`docker compose exec postgres psql -U postgres`).
set -euo pipefail

psql --no-psqlrc --set=ON_ERROR_STOP=1 --set=password="$POSTGRES_PASSWORD" \
  --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
CREATE ROLE lab_admin LOGIN PASSWORD :'password';
CREATE DATABASE device_db OWNER lab_admin;
CREATE DATABASE workflow_db OWNER lab_admin;
CREATE DATABASE hub_db OWNER lab_admin;
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
