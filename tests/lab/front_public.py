"""The ECR Public API: signature, permission, parameters, then the operation."""

from . import model, operations_public, public, sigv4
from .front import OperationFront
from .front_api import account_of
from .images import ApiError

PREFIX = "SpencerFrontendService."


class PublicCall:
    """One checked call of an operation."""

    def __init__(self, front, key, name, values):
        self.front, self.world, self.keys, self.state = front, front.world, front.keys, front.state
        self.key, self.name, self.values, self.account = key, name, values, key.account
        if isinstance(values.get("registryId"), str):
            self.account = public.account_of(values["registryId"])
        elif values.get("resourceArn"):
            self.account = account_of(values["resourceArn"]) or key.account

    @property
    def registry(self):
        return self.state.public_registry(self.account)

    def permit(self, name):
        """May the key do this as well?"""
        self.front.permit(self, name)

    def __getitem__(self, name):
        return self.values.get(name)


class PublicApiFront(OperationFront):
    """One's own repositories only: nobody lets another account into theirs, images apart, which are everybody's."""

    PREFIX = "ecr-public"

    def __init__(self, world, keys, state):
        super().__init__(world, keys, "api-public")
        self.state = state

    def call(self, request):
        key = sigv4.check(self.world, self.keys, request, "ecr-public", "us-east-1")
        name = self.operation(request)
        if not (request.header("x-amz-target") or "").startswith(PREFIX):
            raise ApiError("UnknownOperationException", "")
        values = self.values_of(request)
        model.operation("ecr-public", name)
        call = PublicCall(self, key, name, values if isinstance(values, dict) else {})
        self.permit(call, name)
        model.check("ecr-public", name, values)
        if call.account is None:
            raise ApiError("RegistryNotFoundException", f"The registry with id '{call['registryId']}' does not exist")
        if name not in operations_public.TABLE:
            raise ApiError("UnknownOperationException", f"the lab does not offer {name}")
        with self.world.lock:
            return operations_public.TABLE[name](call)

    def permit(self, call, name):
        foreign = call.account not in (None, call.key.account)
        if foreign or not call.key.allows(name, self.PREFIX):
            resource, kind = call["resourceArn"] or "*", "resource" if foreign else "identity"
            if call["repositoryName"]:
                resource = f"arn:aws:ecr-public::{call.account}:repository/{call['repositoryName']}"
            raise ApiError("AccessDeniedException", f"User: {call.key.arn} is not authorized to perform: ecr-public:{name} on "
                           f"resource: {resource} because no {kind}-based policy allows the ecr-public:{name} action")
