# SPDX-License-Identifier: Apache-2.0
"""A small client for Ghost's Admin API, for loading content into a running Ghost and exporting it.

Only the standard library. It signs in as the owner with a session cookie, because two things that are needed here
(site settings, the database export) are closed to integration keys.
"""
import http.cookiejar
import json
import mimetypes
import os
import sqlite3
import urllib.error
import urllib.request
import uuid


class GhostError(Exception):
    pass


class Ghost:
    def __init__(self, url):
        self.url = url.rstrip('/')
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def call(self, method, path, body=None, headers=None, raw=False):
        heads = {'Origin': self.url, 'Accept-Version': 'v5.0'}
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            heads['Content-Type'] = 'application/json'
        heads.update(headers or {})
        req = urllib.request.Request(f'{self.url}/ghost/api/admin/{path}', data=body, method=method, headers=heads)
        try:
            with self.opener.open(req, timeout=60) as res:
                data = res.read()
        except urllib.error.HTTPError as e:
            raise GhostError(f'{method} {path}: {e.code} {e.read().decode()[:1500]}') from e
        return data if raw else (json.loads(data) if data[:1] == b'{' else data)

    def sign_in(self, name, email, password, title):
        """Completes the set-up of a fresh Ghost, or signs in to one already set up."""
        done = self.call('GET', 'authentication/setup/')['setup'][0]['status']
        if not done:
            self.call('POST', 'authentication/setup/', {'setup': [
                {'name': name, 'email': email, 'password': password, 'blogTitle': title}]})
        self.call('POST', 'session/', {'username': email, 'password': password})

    def upload(self, kind, path, ref=None, thumbnail=None):
        """kind: images, media or files. Returns the address Ghost gave the file."""
        edge = uuid.uuid4().hex
        parts = []

        def field(name, filename, ctype, data):
            disp = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else '')
            parts.append(f'--{edge}\r\nContent-Disposition: {disp}\r\n'.encode()
                         + (f'Content-Type: {ctype}\r\n'.encode() if ctype else b'') + b'\r\n' + data + b'\r\n')
        for name, p in (('file', path), ('thumbnail', thumbnail)):
            if p:
                ctype = mimetypes.guess_type(p)[0] or 'application/octet-stream'
                with open(p, 'rb') as f:
                    field(name, os.path.basename(p), ctype, f.read())
        if ref:
            field('ref', None, None, ref.encode())
        body = b''.join(parts) + f'--{edge}--\r\n'.encode()
        res = self.call('POST', f'{kind}/upload/', body, {'Content-Type': f'multipart/form-data; boundary={edge}'})
        return res[kind][0]['url']

    def settings(self, values):
        return self.call('PUT', 'settings/', {'settings': [{'key': k, 'value': v} for k, v in values.items()]})

    def invite(self, database, role, name, email, password):
        """Adds a member of staff the way a person would be added: an invitation, then its acceptance. The token
        that would arrive by mail is read from Ghost's own SQLite file."""
        roles = {r['name']: r['id'] for r in self.call('GET', 'roles/?limit=all')['roles']}
        self.call('POST', 'invites/', {'invites': [{'email': email, 'role_id': roles[role]}]})
        with sqlite3.connect(f'file:{database}?mode=ro', uri=True) as db:
            token = db.execute('select token from invites where email=?', (email,)).fetchone()[0]
        visitor = Ghost(self.url)
        visitor.call('POST', 'authentication/invitation/', {'invitation': [
            {'name': name, 'email': email, 'password': password, 'token': token}]})
        users = self.call('GET', 'users/?limit=100')['users']
        return next(u for u in users if u['email'] == email)

    def export(self):
        return json.loads(self.call('GET', 'db/', raw=True))
