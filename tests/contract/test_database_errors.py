"""What an error of the database says, since errors are logged."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from storage.database import Database
from storage.tables import patients


def test_an_error_of_the_database_names_no_patient(database: Database) -> None:
    row = {"id": "p", "institution_id": "no such institution", "patient_id": "1", "name": "QZXMARKER^A"}
    with pytest.raises(DBAPIError) as error, database.transaction() as connection:
        connection.execute(insert(patients).values(row))
        connection.execute(insert(patients).values(row))
    assert "QZXMARKER" not in str(error.value)
