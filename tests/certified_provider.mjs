// An identity provider that is certified for OpenID Connect, as a program of its own:
//     node certified_provider.mjs LIBRARY PORT REDIRECT_URI CLIENT_ID CLIENT_SECRET
// Whoever signs in is 王丽, a doctor. What a scope stands for it says at the UserInfo endpoint alone.
import { pathToFileURL } from 'node:url'

const [library, port, redirectUri, clientId, clientSecret] = process.argv.slice(2)
const { Provider } = await import(pathToFileURL(library).href)

const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
    },
  ],
  scopes: ['openid', 'profile', 'roles'],
  claims: { openid: ['sub'], profile: ['name', 'preferred_username'], roles: ['roles'] },
  findAccount: (_, subject) => ({
    accountId: subject,
    claims: () => ({ sub: subject, preferred_username: subject, name: '王丽', roles: ['doctors'] }),
  }),
  pkce: { required: () => true },
})
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'))
