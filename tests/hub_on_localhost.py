"""A small stand-in for the Hugging Face hub on localhost: what its library asks for to send and to fetch a model."""

import base64
import contextlib
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = 'hf_test'


class Hub:
    """The repositories by id (their files by name), and the requests that came."""

    def __init__(self) -> None:
        self.repos, self.private, self.requests, self.address = {}, {}, [], ''

    def commit(self, repo: str) -> str:
        parts = sorted((name, hashlib.sha1(data).hexdigest()) for name, data in self.repos[repo].items())
        return hashlib.sha1(json.dumps(parts).encode()).hexdigest()


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def answer(self, content=None, status=200, headers=None, data=None):
        data = json.dumps(content).encode() if data is None else data
        self.send_response(status)
        for name, value in {'Content-Length': len(data), **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(data)

    def refuse(self, status, code=''):
        self.answer(dict(error=code or 'refused'), status, {'X-Error-Code': code} if code else {})

    def may_write(self):
        return self.headers.get('Authorization') == f'Bearer {TOKEN}'

    def do_POST(self):
        path, hub = self.path.split('?')[0], self.hub
        hub.requests.append(f'POST {path}')
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if path == '/api/validate-yaml':
            return self.answer(dict(errors=[], warnings=[]))
        if not self.may_write():
            return self.refuse(401)
        if path == '/api/repos/create':
            asked = json.loads(body)
            name = f'{asked.get("organization") or "anna"}/{asked["name"]}'
            if name in hub.repos:
                return self.answer(dict(url=f'{hub.address}/{name}'), 409)
            hub.repos[name], hub.private[name] = {}, asked.get('private') or asked.get('visibility') == 'private'
            return self.answer(dict(url=f'{hub.address}/{name}', name=name, id=name))
        match = re.fullmatch(r'/api/models/([^/]+/[^/]+)/(preupload|commit)/main', path)
        if not match or match[1] not in hub.repos:
            return self.refuse(404, 'RepoNotFound')
        if match[2] == 'preupload':
            files = [
                dict(path=file['path'], uploadMode='regular', shouldIgnore=False) for file in json.loads(body)['files']
            ]
            return self.answer(dict(files=files))
        for line in body.splitlines():
            part = json.loads(line)
            if part['key'] == 'file':
                hub.repos[match[1]][part['value']['path']] = base64.b64decode(part['value']['content'])
        oid = hub.commit(match[1])
        url = f'{hub.address}/{match[1]}/commit/{oid}'
        return self.answer(dict(success=True, commitOid=oid, commitUrl=url, hookOutput=''))

    def do_GET(self):
        path, hub = self.path.split('?')[0], self.hub
        hub.requests.append(f'{self.command} {path}')
        match = re.fullmatch(r'/api/models/([^/]+/[^/]+)(/revision/[^/]+|/tree/[^/]+)?', path)
        if match and match[1] in hub.repos:
            files = hub.repos[match[1]]
            if match[2] and match[2].startswith('/tree'):
                tree = [
                    dict(type='file', path=name, size=len(data), oid=hashlib.sha1(data).hexdigest())
                    for name, data in files.items()
                ]
                return self.answer(tree)
            oid = hub.commit(match[1])
            if match[2] and match[2].split('/')[-1] not in ('main', oid):
                return self.refuse(404, 'RevisionNotFound')
            siblings = [dict(rfilename=name) for name in files]
            return self.answer(dict(id=match[1], modelId=match[1], sha=oid, private=False, tags=[], siblings=siblings))
        match = re.fullmatch(r'/([^/]+/[^/]+)/resolve/([^/]+)/(.+)', path)
        if match and match[1] in hub.repos:
            data = hub.repos[match[1]].get(match[3])
            if data is None:
                return self.refuse(404, 'EntryNotFound')
            headers = {'ETag': f'"{hashlib.sha1(data).hexdigest()}"', 'X-Repo-Commit': hub.commit(match[1])}
            return self.answer(headers=headers, data=data)
        return self.refuse(404, 'RepoNotFound')

    do_HEAD = do_GET


@contextlib.contextmanager
def hub_on_localhost():
    hub = Hub()
    server = ThreadingHTTPServer(('127.0.0.1', 0), type('Handler', (Handler,), dict(hub=hub)))
    server.daemon_threads = True
    hub.address = f'http://127.0.0.1:{server.server_address[1]}'
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
