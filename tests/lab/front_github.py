"""GitHub's token service for jobs: a job's own token buys a web token for an audience, as often as it likes."""

from . import front, message

TOKENS = 1857  # what the real answers count is no number of tokens; clients must not look at it


class GithubFront(front.Front):
    FAILURE = "InternalServerError"

    def __init__(self, world, keys, identity):
        super().__init__(world, keys, "github")
        self.identity = identity

    def operation(self, request):
        return "GetToken" if request.method == "GET" else None

    def error(self, code, text, status=400):
        return message.json_response({"$id": "1", "innerException": None, "message": text or code, "typeName": code,
                                      "typeKey": code.rpartition(".")[2], "errorCode": 0, "eventId": 3000}, status)

    def throttled(self, _request):
        return self.error("TooManyRequests", "API rate limit exceeded", 429)

    def denied(self, _request):
        return self.error("AccessDeniedException", "Resource not accessible by integration", 403)

    def expired(self, _request):
        return self.error("VssUnauthorizedException", "TF400813: The user is not authorized to access this resource.", 401)

    def handle(self, request):
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        job = self.identity.jobs.get(token) if scheme.lower() == "bearer" else None
        if job is None:
            return self.expired(request)
        if request.method != "GET":
            return self.error("MethodNotAllowed", "", 405)
        # Without an audience it is the repository's owner, which AWS does not take.
        audience = request.argument("audience") or "https://github.com/lab"
        value = self.identity.add_web_token(job, audience=audience, subject="repo:lab/app:ref:refs/heads/main")
        return message.json_response({"count": TOKENS, "value": value}, content_type="application/json; charset=utf-8")
