"""What the tests of AWS credential sources share: a home with AWS files, and the program asked for a registry password.

`get-login-password HOST` needs credentials and makes one call that they sign: the shortest way from a source to its key.
Whatever is asked, no secret may show up in what the program prints."""

import os

import botocore.exceptions
import botocore.credentials
import botocore.session
import botocore.tokens

HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{HOST}/app:v1"
FAR, PAST = "2099-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
ROLE = "arn:aws:iam::123456789012:role/deploy"
OTHER_ROLE = "arn:aws:iam::123456789012:role/second"
DENIED, NONE, OVER = "denied", "no-credentials", "expired-credentials"
METADATA = {"AWS_EC2_METADATA_DISABLED": None}  # on again
PART = 24  # as much of a secret must not be seen either


def keys(role, profile="default", token=False):
    """A section of the credentials file."""
    return (f"[{profile}]\naws_access_key_id = {{{role}}}\naws_secret_access_key = {{{role}_secret}}\n"
            + (f"aws_session_token = {{{role}_token}}\n" if token else ""))


def variables(role, token=False):
    return {"AWS_ACCESS_KEY_ID": f"{{{role}}}", "AWS_SECRET_ACCESS_KEY": f"{{{role}_secret}}",
            **({"AWS_SESSION_TOKEN": f"{{{role}_token}}"} if token else {})}


def section(profile="default", **members):
    """A section of the config file."""
    name = profile if profile == "default" or profile.startswith(("sso-session ", "services ")) else f"profile {profile}"
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in members.items())


class Ran:
    """A run of the program, and the key that signed the first call of ECR's API."""

    def __init__(self, place, result):
        self.code, self.stdout, self.stderr, self.seconds = result.code, result.stdout, result.stderr, result.seconds
        self.lines, self.errors = result.lines, [line for line in result.stderr.splitlines() if line.startswith("ecr: ")]
        self.result = result
        place.assert_no_secrets(result)

    @property
    def json(self):
        return self.result.json[0]

    def __repr__(self):
        """Without the password that a test did not want."""
        return repr(self.result) if len(self.stdout) < 1500 else repr(self.result).replace(self.stdout[500:], "...")


class Place:
    """A home with AWS files. In texts {full}, {full_secret}, {describe}, {tmp}, ... stand for keys of the lab and paths."""

    def __init__(self, lab, path):
        self.lab, self.path, self.secrets = lab, path, set()
        self.words = {"tmp": str(path)}
        for role, key in lab.keys.items():
            name = role.replace("-", "_")
            self.words.update({name: key["access_key_id"], f"{name}_secret": key["secret_access_key"],
                               f"{name}_token": key["session_token"] or ""})

    def fill(self, text):
        for name, value in self.words.items():
            text = text.replace("{" + name + "}", value)
        return text

    def files(self, config=None, credentials=None):
        (self.path / ".aws").mkdir(exist_ok=True)
        for name, text in (("config", config), ("credentials", credentials)):
            if text is not None:
                (self.path / ".aws" / name).write_text(self.fill(text))

    def file(self, name, text, mode=0o600):
        """Another file of the home; its path."""
        path = self.path / name
        path.write_text(self.fill(text))
        path.chmod(mode)
        return str(path)

    def hide(self, *texts):
        """These are secrets."""
        self.secrets.update(t for t in texts if t)
        return texts[0]

    # ---- runs

    def check(self, *options, env=None, via="ecr", **rest):
        """(exit status, verdict object or None, key id that signed the first request of the API or None)"""
        result = self.ecr("check", "--json", "--via", via, *options, IMAGE, env=env, **rest)
        return result.code, result.json, self.key()

    def ecr(self, *arguments, env=None, **rest):
        """Runs the program with nothing in its environment but this."""
        self.lab.control("clear_log")
        env = {name: value if value is None else self.fill(str(value)) for name, value in (env or {}).items()}
        return Ran(self, self.lab.ecr(*arguments, key=None, home=self.path, env=env, **rest))

    def password(self, *options, env=None, **rest):
        """Asks for the password of a registry."""
        return self.ecr(*options, "get-login-password", rest.pop("registry", HOST), env=env, **rest)

    def key(self):
        """The id of the key that signed the first call of ECR's API; None if there was none."""
        signed = [r["key"] for r in self.lab.requests(service="api")]
        return signed[0] if signed else None

    def good(self, *options, wanted=None, **rest):
        """The password is got, quietly, with this key (the last that a service handed out)."""
        ran = self.password(*options, **rest)
        assert ran.code == 0 and ran.lines and (ran.errors == []) and ("-v" in options or ran.stderr == ""), ran
        assert self.key() == (wanted or self.lab.issued()[-1]["access_key_id"]), ran
        return ran

    def refused(self, code, *words, twice=True, options=(), env=None, **rest):
        """No password: one line on stderr that has the words, nothing on stdout, no call of the API, with and without -v."""
        for flags in ((), ("-v",)) if twice else (("-v",),):
            ran = self.password(*flags, *options, env=env, **rest)
            assert ran.code == code and ran.stdout == "" and len(ran.errors) == 1, ran
            assert flags or ran.stderr == ran.errors[0] + "\n", ran
            for word in words:
                assert self.fill(word) in ran.errors[0], (word, ran)
            assert self.lab.requests(service="api") == [], ran
        return ran

    def assert_no_secrets(self, result):
        """No key's secret or token, nor what a test hid, nor a good part of one, is in what was printed."""
        handed = [*self.lab.keys.values(), *self.lab.issued()]
        secrets = self.secrets.union(*({k["secret_access_key"], k["session_token"]} for k in handed)) - {None, ""}
        shown = result.stdout + result.stderr
        for secret in secrets:
            for part in {secret, secret[:PART], secret[-PART:]} if len(secret) > PART else {secret}:
                assert part not in shown, f"a secret is shown: {part!r} in {shown!r}"

    # ---- the SDK for Python in the same surroundings

    def sdk(self, monkeypatch, env=None, profile=None):
        """The key id that botocore selects from the same files and variables; None if it refuses or finds none.

        It trusts the lab's CA; what the lab logged is what it asked."""
        self.lab.control("clear_log")
        for name in [n for n in os.environ if n.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(self.path))
        for reader in (botocore.tokens.SSOTokenProvider, botocore.credentials.SSOProvider):  # they saw HOME when they were loaded
            monkeypatch.setattr(reader, "_SSO_TOKEN_CACHE_DIR", str(self.path / ".aws" / "sso" / "cache"))
        given = {"AWS_CA_BUNDLE": self.lab.ca, "AWS_EC2_METADATA_DISABLED": "true", **(env or {})}
        for name, value in given.items():
            if value is not None:
                monkeypatch.setenv(name, self.fill(str(value)))
        try:
            session = botocore.session.Session(profile=profile)
            session.get_scoped_config()  # what every client does first
            found = session.get_credentials()
            return found and found.get_frozen_credentials().access_key
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, RuntimeError, ValueError, OSError,
                IndexError, KeyError) as refusal:
            self.refusal = refusal
            return None

    def whose(self, key):
        """What a key id stands for, the same for every run: the name of a key of the lab, or service and role."""
        names = [role for role, k in self.lab.keys.items() if k["access_key_id"] == key]
        for handed in self.lab.issued():
            if handed["access_key_id"] == key and not names:
                names = [f"{handed['service']} {handed['role']}"]
        return names[0] if names else key

    def way(self):
        """The calls that led to a key: (service, operation, whose key signed, role, external id, seconds)."""
        steps = []
        for r in self.lab.requests():
            if r["service"] not in ("api", "imds"):
                form = r["form"] or {}
                steps.append((r["service"], r["operation"], self.whose(r["key"]) if r["service"] == "sts" else None,
                              form.get("RoleArn"), form.get("ExternalId"), form.get("DurationSeconds")))
        return steps
