"""What ECR Public knows: registries, their repositories and images."""

from . import images
from .images import ApiError
from .keys import ACCOUNT, OTHER_ACCOUNT

# account: its aliases, the primary one first; the last is the one it was given at first
ALIASES = {ACCOUNT: ("lab", "q1w2e3r4"), OTHER_ACCOUNT: ("other", "z9y8x7w6")}
SHOWN = ("registryId", "repositoryName", "imageDigest", "imageTags", "imageSizeInBytes", "imagePushedAt",
         "imageManifestMediaType", "artifactMediaType")


class PublicRepository:
    """As much like moto's repositories as the functions of images.py need."""

    image_tag_mutability, image_tag_mutability_exclusion_filters = "MUTABLE", None

    def __init__(self, account, alias, name, now):
        self.registry_id, self.name, self.created_at = account, name, now
        self.arn, self.uri = f"arn:aws:ecr-public::{account}:repository/{name}", f"public.ecr.aws/{alias}/{name}"
        self.images, self.policy, self.catalog, self.resource_tags = [], None, None, {}

    def shown(self):
        return {"repositoryArn": self.arn, "registryId": self.registry_id, "repositoryName": self.name,
                "repositoryUri": self.uri, "createdAt": round(self.created_at, 3)}

    def detail(self, image):
        return {name: value for name, value in images.detail(self, image).items() if name in SHOWN}


class PublicRegistry:
    def __init__(self, account):
        self.account, self.aliases = account, ALIASES.get(account, (f"a{account[-7:]}",))
        self.repositories, self.display_name = {}, None
        self.gone = set()   # names deleted: the storage of images still has them

    def repository(self, name):
        if name not in self.repositories:
            raise images.no_repository(name, self.account)
        return self.repositories[name]

    def add(self, name, now):
        if name in self.repositories:
            raise ApiError("RepositoryAlreadyExistsException", f"The repository with name '{name}' already exists in the "
                           f"registry with id '{self.account}'")
        self.repositories[name] = PublicRepository(self.account, self.aliases[0], name, now)
        return self.repositories[name]

    def delete(self, name):
        del self.repositories[name]
        self.gone.add(name)

    def shown(self):
        last = len(self.aliases) - 1
        aliases = [{"name": name, "status": "ACTIVE", "primaryRegistryAlias": number == 0,
                    "defaultRegistryAlias": number == last} for number, name in enumerate(self.aliases)]
        return {"registryId": self.account, "registryArn": f"arn:aws:ecr-public::{self.account}:registry/{self.account}",
                "registryUri": f"public.ecr.aws/{self.aliases[0]}", "verified": False, "aliases": aliases}


def account_of(registry):
    """The account of an id or alias; None for an alias that nobody has."""
    owners = {alias: account for account, aliases in ALIASES.items() for alias in aliases}
    return registry if registry.isdigit() else owners.get(registry)


def place(state, path):
    """(registry, name within it, repository or None) of ALIAS/NAME at public.ecr.aws; (None, None, None) of others."""
    alias, _, name = path.partition("/")
    account = account_of(alias)
    if account is None or alias.isdigit():
        return None, None, None
    registry = state.public_registry(account)
    return registry, name, registry.repositories.get(name)
