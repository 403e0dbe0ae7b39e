"""The ECR API: signature, permission, parameters, then the operation - here, or in moto."""

import http.client
import json

from moto.core.utils import camelcase_to_underscores
from moto.ecr.responses import ECRResponse

from . import (message, model, names, network, operations, operations_cache, operations_lifecycle, operations_more,
               operations_replication, operations_repository, operations_scan, sigv4)
from .front import OperationFront
from .images import ApiError

OPERATIONS = {name: function for part in (operations, operations_cache, operations_lifecycle, operations_more,
                                          operations_replication, operations_repository, operations_scan)
              for name, function in part.TABLE.items()}
PREFIX = "AmazonEC2ContainerRegistry_V20150921."
# No answer of theirs concerns a single repository, so that the resource of a denial is everything.
ON_EVERYTHING = ("GetAuthorizationToken", "DescribePullThroughCacheRules", "DescribeRegistry", "DescribeRepositories")


def account_of(arn):
    """The account of a resource's ARN, or None for what is no ARN."""
    parts = arn.split(":") if isinstance(arn, str) else []
    return parts[4] if len(parts) > 5 else None


class Call:
    """One checked call of an operation."""

    def __init__(self, front, key, region, name, values, request):
        self.front, self.world, self.keys, self.state = front, front.world, front.keys, front.state
        self.key, self.region, self.name, self.values, self.request = key, region, name, values, request
        self.account = values.get("registryId") or account_of(values.get("resourceArn")) or key.account

    def permit(self, name):
        """May the key do this as well? Some operations need more than their own permission."""
        self.front.permit(self, name)

    def __getitem__(self, name):
        return self.values.get(name)

    @property
    def host_suffix(self):
        return "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"


class ApiFront(OperationFront):
    def __init__(self, world, keys, state):
        super().__init__(world, keys, "api")
        self.state = state

    def handle(self, request):
        try:
            return super().handle(request)
        except Passed as passed:
            return passed.response

    def call(self, request):
        _, _, groups = names.match(request.host_name)
        key = sigv4.check(self.world, self.keys, request, "ecr", groups.get("region"))
        target = request.header("x-amz-target") or ""
        name = self.operation(request)
        if request.method != "POST" or request.path != "/" or not target.startswith(PREFIX):
            raise ApiError("UnknownOperationException", "")
        values = self.values_of(request)
        model.operation("ecr", name)
        region = groups.get("region") or request.header("authorization").split("/")[2]
        call = Call(self, key, region, name, values if isinstance(values, dict) else {}, request)
        self.permit(call)
        model.check("ecr", name, values)
        with self.world.lock:
            if name in OPERATIONS:
                return OPERATIONS[name](call)
            return self.ask_moto(call)

    def permit(self, call, name=None):
        name, resource = name or call.name, call["resourceArn"] or "*"
        if call["repositoryName"] and name not in ON_EVERYTHING:
            resource = f"arn:aws:ecr:{call.region}:{call.account}:repository/{call['repositoryName']}"
        foreign = call.account != call.key.account and not self.state.shares(call.account, call.key.account)
        if foreign or not call.key.allows(name):
            kind = "resource" if foreign else "identity"
            raise ApiError("AccessDeniedException", f"User: {call.key.arn} is not authorized to perform: ecr:{name} on "
                           f"resource: {resource} because no {kind}-based policy allows the ecr:{name} action")

    def ask_moto(self, call):
        if not hasattr(ECRResponse, camelcase_to_underscores(call.name)):
            raise ApiError("UnknownOperationException", f"the lab does not offer {call.name}")
        connection = http.client.HTTPConnection("127.0.0.1", network.MOTO_PORT, timeout=30)
        try:
            headers = {n: v for n, v in call.request.headers if n.lower() not in ("content-length", "host", "connection")}
            headers.update({"Host": f"api.ecr.{call.region}.amazonaws.com", "x-moto-account-id": call.account})
            connection.request("POST", "/", json.dumps(call.values).encode(), headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status == 200:
            return json.loads(text)
        try:
            value = json.loads(text)
        except ValueError:
            raise Passed(message.Response(answer.status, [("Content-Type", "text/html")], text)) from None
        raise ApiError(value.get("__type", "ServerException").rpartition("#")[2],
                       value.get("message") or value.get("Message") or "", answer.status)


class Passed(Exception):
    """An answer of moto that is no JSON, handed on as it is."""

    def __init__(self, response):
        super().__init__("passed")
        self.response = response
