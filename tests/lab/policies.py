"""The policies of repositories, which both APIs have."""

from . import documents
from .images import ApiError


def enter(operation, repository, named, service):
    """Enters the three operations: `repository` finds one of a call, `named` shows it, `service` is that of the actions."""

    def policy_of(repo):
        if repo.policy is None:
            raise ApiError("RepositoryPolicyNotFoundException", "Repository policy does not exist for the repository with name "
                           f"'{repo.name}' in the registry with id '{repo.registry_id}'")
        return named(repo, policyText=repo.policy)

    @operation
    def set_repository_policy(call):
        repo = repository(call)
        repo.policy = documents.repository_policy(call, service)
        return policy_of(repo)

    @operation
    def get_repository_policy(call):
        return policy_of(repository(call))

    @operation
    def delete_repository_policy(call):
        repo = repository(call)
        answer = policy_of(repo)
        repo.policy = None
        return answer
