"""Settings: the order of their sources, what they refuse, and what `config show` tells."""

from __future__ import annotations

from typing import get_args

import pytest

from api.settings import MASK, InvalidSettings, Settings, read_settings, sources
from shacl.validate import SHAPED


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working folder with a data folder, and no FDO_ variable in the environment."""
    import os

    for name in [name for name in os.environ if name.upper().startswith("FDO_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path


def _source_of(name: str, settings: Settings, **arguments: object) -> tuple[str, str]:
    row = next(row for row in sources(settings, arguments) if row.name == name)
    return row.value, row.source


def test_an_argument_wins_over_environment_dotenv_file_and_default(elsewhere, monkeypatch):
    assert read_settings().port == 8000
    (elsewhere / "data" / "collectome.toml").write_text("port = 8001\n")
    assert read_settings().port == 8001
    (elsewhere / ".env").write_text("FDO_PORT=8002\n")
    assert read_settings().port == 8002
    monkeypatch.setenv("FDO_PORT", "8003")
    assert read_settings().port == 8003
    assert read_settings(port=8004).port == 8004


def test_the_source_of_each_value_is_told(elsewhere, monkeypatch):
    file = elsewhere / "data" / "collectome.toml"
    file.write_text('host = "::1"\n')
    (elsewhere / ".env").write_text("FDO_TITLE=Herbarium\n")
    monkeypatch.setenv("FDO_PORT", "8003")
    settings = read_settings(durability="normal")
    assert _source_of("host", settings) == ("::1", "data/collectome.toml")
    assert _source_of("title", settings) == ("Herbarium", ".env")
    assert _source_of("port", settings) == ("8003", "environment")
    assert _source_of("durability", settings, durability="normal") == ("normal", "argument")
    assert _source_of("sparql_workers", settings) == ("2", "default")


def test_the_file_is_that_of_the_data_folder_that_was_named(elsewhere):
    other = elsewhere / "other"
    other.mkdir()
    (other / "collectome.toml").write_text("port = 9000\n")
    assert read_settings(data=other).port == 9000
    assert read_settings().port == 8000


def test_a_setting_that_nobody_knows_is_refused_by_name(elsewhere):
    (elsewhere / "data" / "collectome.toml").write_text("prot = 8001\n")
    with pytest.raises(InvalidSettings, match="prot"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 70000),
        ("doi_prefix", "11.5072"),
        ("doi_prefix", "10.٥٠٧٢"),
        ("handle_prefix", "10.5072"),
        ("handle_prefix", "20.5000.ß"),
        ("handle_prefix", "20"),
        ("durability", "some"),
        ("public_base", "ftp://x"),
        ("sparql_workers", 1),
    ],
)
def test_an_impossible_value_is_refused_by_name(elsewhere, name, value):
    with pytest.raises(InvalidSettings, match=name):
        read_settings(**{name: value})


def test_a_handle_prefix_has_one_form(elsewhere, monkeypatch):
    monkeypatch.setenv("FDO_HANDLE_PREFIX", "20.5000.abc")
    assert read_settings().handle_prefix == "20.5000.ABC"
    assert read_settings().prefixes == {"doi": "10.5072", "handle": "20.5000.ABC"}


def test_other_variables_of_the_environment_do_no_harm(elsewhere, monkeypatch):
    monkeypatch.setenv("PORT", "1")
    (elsewhere / ".env").write_text("SOMETHING_ELSE=1\n")
    assert read_settings().port == 8000


def test_secrets_are_masked(elsewhere):
    settings = read_settings(datacite_password="fdo_secret")
    assert _source_of("datacite_password", settings, datacite_password="x") == (MASK, "argument")
    assert "fdo_secret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("public_base", "https://me:secret@a.example"),
        ("datacite_url", "https://me:secret@a.example"),
        ("nats_url", "nats://a.example:4222,nats://me:secret@b.example"),
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(elsewhere, name, url):
    with pytest.raises(InvalidSettings, match=name) as refused:
        read_settings(**{name: url})
    assert "secret" not in str(refused.value)


def test_settings_do_not_change(elsewhere):
    with pytest.raises(ValueError, match="frozen"):
        read_settings().port = 1


def test_every_setting_is_described():
    assert all(field.description for field in Settings.model_fields.values())


def test_the_public_base_is_the_address_of_the_server_unless_set(elsewhere):
    assert read_settings(host="::1", port=81).base == "http://[::1]:81"
    assert (
        read_settings(public_base="https://specimens.example/").base == "https://specimens.example"
    )


@pytest.mark.parametrize("said", ["specimen,media", "specimen media", '["specimen", "media"]'])
def test_a_list_in_a_variable_stands_with_commas_or_as_json(elsewhere, monkeypatch, said):
    monkeypatch.setenv("FDO_REJECT_PROFILES", said)
    assert read_settings().reject_profiles == ("specimen", "media")
    monkeypatch.setenv("FDO_REJECT_PROFILES", "")
    assert read_settings().reject_profiles == ()


def test_a_profile_that_rejects_nothing_is_no_profile(elsewhere, monkeypatch):
    assert set(get_args(get_args(Settings.model_fields["reject_profiles"].annotation)[0])) == set(
        SHAPED
    )
    monkeypatch.setenv("FDO_REJECT_PROFILES", "specimens")
    with pytest.raises(InvalidSettings, match="reject_profiles"):
        read_settings()


def test_a_file_that_is_no_toml_is_named(elsewhere):
    (elsewhere / "data" / "collectome.toml").write_text("title = Herbarium\n")
    with pytest.raises(InvalidSettings, match=r"collectome\.toml"):
        read_settings()
