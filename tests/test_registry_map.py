"""A profile or role for each registry: ECR_REGISTRY_MAP and the file beside it."""

import pytest
from support_credentials import HOST, METADATA, OTHER_ROLE, ROLE, Place, keys, section, variables

VARIABLE, FILE = "ECR_REGISTRY_MAP", "ECR_CONFIG_FILE"
ACCOUNT = "123456789012"
WEST = HOST.replace("us-east-1", "eu-west-1")
FOREIGN = HOST.replace(ACCOUNT, "210987654321")
FIPS, DUAL = HOST.replace(".ecr.", ".ecr-fips."), f"{ACCOUNT}.dkr-ecr.us-east-1.on.aws"
A, B = keys("full", "a"), keys("pull", "b")


@pytest.fixture
def place(lab, tmp_path):
    """Profiles a and b hold the keys full and pull, the default profile those of session."""
    place = Place(lab, tmp_path)
    lab.role(ROLE)
    lab.role(OTHER_ROLE)
    place.files(None, A + B + keys("session", token=True))
    return place


def signer(place, env, *options, registry=HOST, text=None, file=".config/ecr/config"):
    """Whose key signs for a registry: a name, or service and role."""
    if text is not None:
        path = place.path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    ran = place.password(*options, env=env, registry=registry)
    assert ran.code == 0 and ran.stderr == "", ran
    return place.whose(place.key())


# ---- what is chosen

# name: (map, registry, whose key)
MAPS = {
    "account": (f"{ACCOUNT}=a", HOST, "full"),
    "host": (f"{HOST}=a", HOST, "full"),
    "host in capitals": (f"{HOST.upper()}=a", HOST, "full"),
    "registry in capitals": (f"{HOST}=a", HOST.upper(), "full"),
    "host before account": (f"{ACCOUNT}=a,{HOST}=b", HOST, "pull"),
    "host before account, in any order": (f"{HOST}=b,{ACCOUNT}=a", HOST, "pull"),
    "account, where the host is another": (f"{WEST}=b,{ACCOUNT}=a", HOST, "full"),
    "the first of two": (f"{ACCOUNT}=a,{ACCOUNT}=b", HOST, "full"),
    "parted by spaces": (f"  {WEST}=b {ACCOUNT}=a  ", HOST, "full"),
    "parted by all": (f",{WEST}=b,,\t{ACCOUNT}=a\n,", HOST, "full"),
    "another account": ("210987654321=a", HOST, "session"),
    "another host": (f"{WEST}=a", HOST, "session"),
    "another partition": (f"{HOST.replace('us-east-1', 'cn-north-1')}.cn=a", HOST, "session"),
    # one registry, whichever of its names is used
    "FIPS host": (f"{FIPS}=a", HOST, "full"), "for the FIPS host": (f"{HOST}=a", FIPS, "full"),
    "dual stack host": (f"{DUAL}=a", HOST, "full"), "for the dual stack host": (f"{HOST}=a", DUAL, "full"),
    "FIPS and dual stack": (f"{FIPS}=a", DUAL, "full"), "role for the FIPS host": (f"{HOST}={ROLE}", FIPS, "sts deploy"),
    "another name before the account": (f"{ACCOUNT}=b,{HOST}=a", FIPS, "full"),
    "the very name before another": (f"{HOST}=a,{FIPS}=b", FIPS, "pull"),
    "the very name before another, in any order": (f"{FIPS}=b,{HOST}=a", HOST, "full"),
    "FIPS host of another region": (f"{FIPS.replace('us-east-1', 'us-west-2')}=a", HOST, "session"),
    "FIPS host of another account": (f"{FIPS.replace(ACCOUNT, '210987654321')}=a", HOST, "session"),
    "for the public one's dual stack host": ("public.ecr.aws=a", "ecr-public.aws.com", "full"),
    "public one's dual stack host": ("ecr-public.aws.com=a", "public.ecr.aws", "full"),
    "public host for another registry": ("public.ecr.aws=a", HOST, "session"),
    "empty": ("", HOST, "session"),
    "blank": ("  ,  ", HOST, "session"),
    "role": (f"{ACCOUNT}={ROLE}", HOST, "sts deploy"),
    "role for a host": (f"{ACCOUNT}=a,{HOST}={ROLE}", HOST, "sts deploy"),
    "role of a path": (f"{ACCOUNT}=arn:aws:iam::123456789012:role/team/x/deploy", HOST, "sts deploy"),
    "default profile": (f"{ACCOUNT}=default", HOST, "session"),
    "public": ("public.ecr.aws=a", "public.ecr.aws", "full"),
    "not public": (f"{ACCOUNT}=a", "public.ecr.aws", "session"),
}


@pytest.mark.parametrize("name", MAPS)
def test_variable(place, name):
    text, registry, wanted = MAPS[name]
    place.lab.role("arn:aws:iam::123456789012:role/team/x/deploy")
    ran = place.password(env={VARIABLE: text}, registry=registry)
    assert ran.code == 0 and ran.stderr == "", ran
    signed = [r["key"] for r in place.lab.requests() if r["service"] in ("api", "api-public")]
    assert [place.whose(key) for key in signed] == [wanted]


@pytest.mark.parametrize("text, registry, wanted", [
    (f"[registries]\n{ACCOUNT} = a\n", HOST, "full"), (f"# mine\n[registries]\n; x\n{WEST}=b\n{HOST} = a # or b\n", HOST, "full"),
    (f"[other]\n{ACCOUNT} = b\n[registries]\n{ACCOUNT} = a\n[more]\nnonsense = 1\n", HOST, "full"),
    (f"[registries]\r\n{ACCOUNT} = a\r\n", HOST, "full"), (f"[registries]\n{ACCOUNT} = {ROLE}\n", HOST, "sts deploy"),
    (f"[registries]\n{HOST} = b\n{ACCOUNT} = a\n", HOST, "pull"), ("", HOST, "session"), ("[registries]\n", HOST, "session"),
    (f"[other]\n{ACCOUNT} = a\n", HOST, "session")])
def test_file(place, text, registry, wanted):
    assert signer(place, {}, registry=registry, text=text) == wanted


def test_file_elsewhere(place):
    text = f"[registries]\n{ACCOUNT} = a\n"
    assert signer(place, {FILE: "{tmp}/map"}, text=text, file="map") == "full"
    assert signer(place, {FILE: "~/map"}) == "full"


def test_file_of_the_variable_alone(place):
    """The usual file is not read beside the one that was named."""
    (place.path / "map").write_text(f"[registries]\n{WEST} = b\n")
    assert signer(place, {FILE: "{tmp}/map"}, text=f"[registries]\n{ACCOUNT} = a\n") == "session"


@pytest.mark.parametrize("variable, text, wanted", [
    (f"{ACCOUNT}=b", f"{ACCOUNT} = a", "pull"), (f"{ACCOUNT}=b", f"{HOST} = a", "full"), (f"{WEST}=b", f"{ACCOUNT} = a", "full")])
def test_variable_before_file(place, variable, text, wanted):
    """Of rules that fit equally well; a host still counts before an account."""
    assert signer(place, {VARIABLE: variable}, text=f"[registries]\n{text}\n") == wanted


def test_without_home(place):
    env = {"HOME": None, "AWS_SHARED_CREDENTIALS_FILE": "{tmp}/.aws/credentials", VARIABLE: f"{ACCOUNT}=a"}
    assert signer(place, env) == "full"


# ---- what goes before it, and what it goes before

def test_option_wins(place):
    assert signer(place, {VARIABLE: f"{HOST}=a"}, "--profile", "b") == "pull"
    assert signer(place, {VARIABLE: f"{HOST}={ROLE}"}, "--profile", "b") == "pull"


def test_broken_map_and_an_option(place):
    """A map that cannot be read is said, whether it would count or not."""
    place.refused(3, VARIABLE, env={VARIABLE: "nonsense"}, options=("--profile", "b"))


@pytest.mark.parametrize("env", [variables("describe"), {"AWS_PROFILE": "b"},
                                 {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/creds"}, METADATA], ids=str)
def test_profile_of_the_map_wins(place, env):
    """As --profile does: the map says who it is to be."""
    place.lab.metadata()
    assert signer(place, {VARIABLE: f"{HOST}=a", **env}) == "full"


@pytest.mark.parametrize("env, caller", [
    ({}, "session"), (variables("full"), "full"), ({"AWS_PROFILE": "b"}, "pull")], ids=str)
def test_role_of_the_map(place, env, caller):
    """It is assumed with the usual credentials."""
    assert signer(place, {VARIABLE: f"{HOST}={ROLE}", **env}) == "sts deploy"
    assert place.way() == [("sts", "AssumeRole", caller, ROLE, None, None)]


def test_role_of_the_map_on_top_of_a_role(place):
    place.files(section(role_arn=OTHER_ROLE, source_profile="a"), A)
    assert signer(place, {VARIABLE: f"{HOST}={ROLE}"}) == "sts deploy"
    assert [(step[2], step[3]) for step in place.way()] == [("full", OTHER_ROLE), ("sts second", ROLE)]


def test_role_of_another_account(place):
    """Why people want it: each account's registry by a role there."""
    role = place.lab.role("arn:aws:iam::210987654321:role/puller")
    assert signer(place, {VARIABLE: f"210987654321={role}"}, registry=FOREIGN) == "sts puller"
    assert place.lab.issued()[-1]["account"] == "210987654321"


def test_profile_with_a_source_of_its_own(place):
    """A profile of the map may be of any kind, with its own settings."""
    place.files(section("x", role_arn=ROLE, source_profile="a", region="eu-central-1"), A)
    assert signer(place, {VARIABLE: f"{HOST}=x"}) == "sts deploy"
    assert place.lab.requests(service="sts")[0]["host"] == "sts.eu-central-1.amazonaws.com"


def test_endpoint_of_the_profile(place):
    place.files(section("x", endpoint_url=place.lab.plain_api), keys("full", "x"))
    assert signer(place, {VARIABLE: f"{HOST}=x"}) == "full"
    assert place.lab.requests(service="api")[0]["host"] == "127.0.0.1:5080"


def test_environment_is_for_the_others(place):
    """Keys of the environment stay those of every registry that the map does not name."""
    env = {VARIABLE: f"{HOST}=b", **variables("full")}
    assert signer(place, env) == "pull" and signer(place, env, registry=WEST) == "full"


# ---- many in one run

def test_check_of_many(place):
    """Each registry as whom the map says, each identity found once."""
    lab = place.lab
    far = lab.create_repository("far", region="eu-west-1")
    near = lab.create_repository("near")
    foreign = lab.create_repository("foreign", role="other")
    puller = lab.role("arn:aws:iam::210987654321:role/puller")
    for repository in (far, near, foreign):
        lab.push_tags(repository, ["v1", "v2"])
    images = [f"{repository}:{tag}" for tag in ("v1", "v2") for repository in (near, far, foreign)]
    env = {VARIABLE: f"{WEST}=a,210987654321={puller}"}
    ran = place.ecr("check", "--via", "ecr", "--json", *images, env=env)
    assert ran.code == 0, ran
    used = {(r["host"], place.whose(r["key"]), r["body"].partition('"registryId":"')[2][:12]) for r in lab.requests(service="api")}
    east, west = "api.ecr.us-east-1.amazonaws.com", "api.ecr.eu-west-1.amazonaws.com"
    assert used == {(east, "session", ACCOUNT), (west, "full", ACCOUNT), (east, "sts puller", "210987654321")}
    assert len(lab.issued(service="sts")) == 1


def test_one_role_for_two_registries(place):
    """A rule of an account is one identity for all its regions."""
    for region in ("us-east-1", "eu-west-1"):
        place.lab.create_repository("app", region=region)
    ran = place.ecr("check", "--via", "ecr", "--json", f"{HOST}/app:v1", f"{WEST}/app:v1", env={VARIABLE: f"{ACCOUNT}={ROLE}"})
    assert ran.code == 1 and {v["reason"] for v in ran.result.json} == {"no-image"}
    assert len(place.lab.issued(service="sts")) == 1


def test_one_that_fails_leaves_the_others(place):
    """A role that is denied is that registry's trouble alone."""
    place.lab.role(ROLE, denied=True)
    place.lab.create_repository("app")
    place.lab.create_repository("app", region="eu-west-1")
    ran = place.ecr("check", "--via", "ecr", "--json", f"{HOST}/app:v1", f"{WEST}/app:v1", env={VARIABLE: f"{HOST}={ROLE}"})
    assert [v["reason"] for v in ran.result.json] == ["denied", "no-image"] and ran.code == 3


def test_profile_that_fails_leaves_the_others(place):
    place.lab.create_repository("app")
    place.lab.create_repository("app", region="eu-west-1")
    ran = place.ecr("check", "--via", "ecr", "--json", f"{HOST}/app:v1", f"{WEST}/app:v1", env={VARIABLE: f"{HOST}=nobody"})
    assert [v["reason"] for v in ran.result.json] == ["no-credentials", "no-image"] and ran.code == 3


def test_passwords_of_two_identities(place):
    """Each password is that of its registry's identity."""
    ran = place.ecr("get-login-password", "--k8s-secret", "pull", HOST, WEST, env={VARIABLE: f"{WEST}=a"})
    assert ran.code == 0 and {(r["host"].split(".")[2], place.whose(r["key"])) for r in place.lab.requests(service="api")} == {
        ("us-east-1", "session"), ("eu-west-1", "full")}


# ---- what cannot be used

BAD = {
    "no pair": ("nonsense", ["'nonsense' has no '='"]),
    "no target": (f"{ACCOUNT}=", [f"nothing stands behind '{ACCOUNT}='"]),
    "no registry": ("=a", ["''"]),
    "other registry": ("docker.io=a", ["'docker.io'", "neither a registry of ECR nor an account"]),
    "short account": ("12345678901=a", ["'12345678901'", "neither"]),
    "long account": ("1234567890123=a", ["'1234567890123'", "neither"]),
    "no digits": ("12345678901x=a", ["neither"]),
    "with a path": (f"{HOST}/team=a", ["neither"]),
    "with a scheme": (f"https://{HOST}=a", ["neither"]),
    "pattern": ("*=a", ["neither"]),
    "user": (f"{ACCOUNT}=arn:aws:iam::123456789012:user/me", ["is no role"]),
    "half an ARN": (f"{ACCOUNT}=arn:aws:iam", ["is no role"]),
    "second is bad": (f"{ACCOUNT}=a,b", ["'b' has no '='"]),
}


@pytest.mark.parametrize("name", BAD)
def test_variable_that_cannot_be_used(place, name):
    """Nothing is asked of anybody: it might be as somebody else."""
    text, words = BAD[name]
    place.refused(3, VARIABLE, *words, "REGISTRY=PROFILE", env={VARIABLE: text, **variables("full")})
    assert place.lab.requests() == [] and place.lab.dns_queries() == []


@pytest.mark.parametrize("text, words", [
    ("nonsense\n", ["line 1"]), ("[registries]\nnonsense\n", ["line 2"]), ("[registries\n", ["line 1"]),
    (f"[registries]\n{ACCOUNT} =\n", [f"nothing stands behind '{ACCOUNT}='"]),
    ("[registries]\ndocker.io = a\n", ["'docker.io'", "neither"]),
    (f"[registries]\n{ACCOUNT} = arn:aws:iam::1:user/x\n", ["is no role"])])
def test_file_that_cannot_be_used(place, text, words):
    path = place.file("map", text)
    place.refused(3, path, *words, env={FILE: path, **variables("full")})
    assert place.lab.requests() == []


@pytest.mark.parametrize("path, words", [("/nowhere/map", ["No such file"]), ("{tmp}", ["directory"]), ("/dev/zero", ["too large"])])
def test_file_that_cannot_be_read(place, path, words):
    place.refused(3, path, *words, env={FILE: path, **variables("full")})
    assert place.lab.requests() == []


def test_usual_file_that_cannot_be_read(place):
    (place.path / ".config" / "ecr" / "config").mkdir(parents=True)
    place.refused(3, "/.config/ecr/config", "directory", env=variables("full"))


@pytest.mark.parametrize("env, text, words", [
    ({VARIABLE: f"{HOST}=nobody"}, None, [VARIABLE, "'nobody'", HOST]), ({VARIABLE: f"{ACCOUNT}=nobody"}, None, [VARIABLE, "'nobody'"]),
    ({}, f"[registries]\n{ACCOUNT} = nobody\n", ["/.config/ecr/config", "'nobody'"])], ids=str)
def test_profile_that_is_not_there(place, env, text, words):
    if text:
        (place.path / ".config" / "ecr").mkdir(parents=True)
        (place.path / ".config" / "ecr" / "config").write_text(text)
    place.refused(3, *words, env={**env, **variables("full")})
    assert place.lab.requests() == []


def test_profile_without_credentials(place):
    """Keys of the environment are not taken in their place."""
    place.files(section("x", region="us-east-1"))
    place.refused(3, "no credentials", "profile 'x'", env={VARIABLE: f"{HOST}=x", **variables("full")})


def test_role_that_is_denied(place):
    place.lab.role(ROLE, denied=True)
    place.refused(3, ROLE, "AccessDenied", "trust policy", env={VARIABLE: f"{HOST}={ROLE}"})


def test_role_without_a_caller(place):
    place.files(None, "")
    place.refused(3, "no credentials", env={VARIABLE: f"{HOST}={ROLE}"})


def test_a_file_with_secrets(place):
    """Somebody names a file that is no map: its content is not shown."""
    place.hide("a-password-in-another-file-altogether")
    path = place.file("other", "password: a-password-in-another-file-altogether\n")
    place.refused(3, path, "line 1", env={FILE: path})
