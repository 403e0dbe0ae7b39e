"""State of the services that neither moto nor the storage registry keeps."""

from moto.ecr.models import ecr_backends

from .public import PublicRegistry


def space(world, *parts):
    """Where the storage registry keeps a repository: no test sees what an earlier one stored."""
    return "/".join([f"e{world.epoch}", *parts])


class State:
    def __init__(self, world):
        self.world = world
        self.reset()

    def reset(self):
        self.cache_rules, self.shared, self.public, self.documents, self.secrets = {}, set(), {}, {}, {}
        ecr_backends.reset()

    # ---- pull-through cache rules of an account and region: prefix -> rule

    def rules(self, account, region):
        return self.cache_rules.setdefault((account, region), {})

    def add_rule(self, account, region, now, ecrRepositoryPrefix, upstreamRegistryUrl, **more):
        rule = {"ecrRepositoryPrefix": ecrRepositoryPrefix, "upstreamRegistryUrl": upstreamRegistryUrl, "createdAt": now,
                "updatedAt": now, "registryId": account, "upstreamRepositoryPrefix": "ROOT", **more}
        self.rules(account, region)[ecrRepositoryPrefix] = rule
        return {k: v for k, v in rule.items() if k not in ("updatedAt", "valid", "failure")}

    # ---- registries of ECR Public, one an account

    def public_registry(self, account):
        return self.public.setdefault(account, PublicRegistry(account))

    # ---- accounts whose repository policies let another account in

    def share(self, owner, guest):
        self.shared.add((owner, guest))

    def shares(self, owner, guest):
        return (owner, guest) in self.shared
