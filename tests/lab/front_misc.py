"""Small services: the layer bucket, and a website that is no registry."""

import secrets
from xml.sax.saxutils import escape

from . import distribution, front, links, message


class BucketFront(front.XmlFront):
    """The S3 side of a layer: signed links, GET only, and no second kind of authentication."""

    def __init__(self, world, keys):
        super().__init__(world, keys, "bucket")

    def operation(self, request):
        return {"GET": "GetObject", "HEAD": "HeadObject"}.get(request.method)

    def error(self, code, message_text, status=400):
        return message.text_response(f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>'
                                     f"{escape(message_text)}</Message></Error>", status, content_type="application/xml")

    def throttled(self, _request):
        return self.error("SlowDown", "Please reduce your request rate.", 503)

    def handle(self, request):
        response = self.answer(request)
        response.set("x-amz-request-id", secrets.token_hex(8).upper())
        return response

    def answer(self, request):
        if request.header("authorization"):
            return self.error("InvalidArgument", "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
                              "Signature query string parameter or the Authorization header should be specified")
        wrong = links.check(self.world, request)
        if wrong or request.method != "GET":  # the link was signed for GET
            code, text = wrong or ("SignatureDoesNotMatch", "The request signature we calculated does not match.")
            return self.error(code, text, 403)
        where, _, digest = request.path.strip("/").rpartition("/")
        response = distribution.ask("GET", f"/v2/{where}/blobs/{digest}", request.pick("range"))
        if response.status == 404:
            return self.error("NoSuchKey", "The specified key does not exist.", 404)
        response.headers = [(n, v) for n, v in response.headers if not n.lower().startswith("docker-")]
        response.set("Accept-Ranges", "bytes")
        return response


class WebsiteFront(front.RegistryFront):
    """Answers 404 in HTML to everything."""

    def handle(self, _request):
        return message.text_response("<html><body>Not Found</body></html>", 404, content_type="text/html")
