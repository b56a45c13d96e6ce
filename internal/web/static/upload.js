// Uploads in pieces (tus 1.0). One goes on where it was after the connection was lost, and, when its file is chosen
// again, after the page was loaded anew. Small files go in one request.
import {t} from './say.js'

const base = document.body.dataset.base, LEAST = 32 << 10, LIFE = 24 * 3600 * 1000
const memory = `upload ${base} `
const encoded = s => btoa(Array.from(new TextEncoder().encode(s), b => String.fromCharCode(b)).join(''))
const pause = ms => new Promise(done => { setTimeout(done, ms); addEventListener('online', done, {once: true}) })

// fetch tells nothing of an upload's progress, XMLHttpRequest does. A status of 0: there was no answer.
const send = (method, url, headers, body, progress) => new Promise(done => {
  const x = new XMLHttpRequest
  x.open(method, url)
  for (const [k, v] of Object.entries({'Tus-Resumable': '1.0.0', ...headers})) x.setRequestHeader(k, v)
  x.upload.onprogress = e => progress?.(e.loaded)
  x.onloadend = () => done(x)
  x.send(body)
})

// upload sends a file, and returns '' or why it could not be. tell hears how much of it is there, and whether the connection is lost.
export async function upload(file, conversation, tell) {
  const key = memory + [file.name, file.size, file.lastModified].join(' ')
  const body = {'Content-Type': 'application/offset+octet-stream'}
  let [, url] = (localStorage[key] ?? '').split(' '), at = url ? null : 0, lost = 0, anew = 0
  let piece = +sessionStorage.piece || 8 << 20
  const end = said => { localStorage.removeItem(key); return said }
  for (;;) {
    let x
    const whole = file.size <= piece && !lost
    if (!url) {
      const about = 'filename ' + encoded(file.name) + (conversation ? ',conversation ' + encoded(conversation) : '')
      x = await send('POST', base + '/uploads', {'Upload-Length': file.size, 'Upload-Metadata': about, ...whole && body}, whole ? file : null, n => tell(n / file.size))
      if (x.status === 201) {
        if (whole) return ''
        url = new URL(x.getResponseHeader('Location')).pathname
        localStorage[key] = Date.now() + ' ' + url
        at = 0
        continue
      }
    } else if (at === null) {
      x = await send('HEAD', url)
      if (x.status === 200) {
        at = +x.getResponseHeader('Upload-Offset')
        if (at === file.size) return end('')
        continue
      }
    } else {
      x = await send('PATCH', url, {'Upload-Offset': at, ...body}, file.slice(at, at + piece), n => tell((at + n) / file.size))
      if (x.status === 204) {
        at = +x.getResponseHeader('Upload-Offset'); lost = 0
        if (at === file.size) return end('')
        continue
      }
    }
    const ours = x.getResponseHeader('Tus-Resumable') && x.response && !x.response.startsWith('ERR_')
    if (ours) return end(x.response)
    if (x.status === 413 && piece > LEAST) { // a proxy lets pass less
      sessionStorage.piece = piece /= 2
      continue
    }
    if (url && (x.status === 404 || x.status === 410) && anew++ < 3) { // the server has it no more
      end()
      url = ''
      continue
    }
    if (x.status && x.status !== 408 && x.status !== 409 && x.status !== 423 && x.status !== 429 && x.status < 500) {
      return x.status === 413 ? t('That is too large for the server.') : x.status === 401 ? t('Sign in again.') : t('That did not work.')
    }
    tell(null)
    await pause(Math.min(30000, 500 * 2 ** lost++))
    if (url) at = null
  }
}

// unfinished are the names of files whose upload was begun here and is not whole.
export function unfinished() {
  const names = []
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(memory)) continue
    if (Date.now() - parseInt(localStorage[key]) > LIFE) localStorage.removeItem(key)
    else names.push(key.slice(memory.length).split(' ').slice(0, -2).join(' '))
  }
  return names
}

// send one after another: a browser has few connections to a server
let queue = Promise.resolve()
export const uploadAll = (list, conversation, say, bar) => queue = queue.then(async () => {
  const failed = []
  for (const file of list) {
    const why = await upload(file, conversation, part => {
      bar.hidden = false
      if (part === null) return say(t('The connection is lost. The upload of %s goes on as soon as it is back.', file.name))
      bar.value = part
      say(`${file.name}: ${Math.round(100 * part)} %`)
    })
    if (why) failed.push(t('%s was not uploaded.', file.name) + ' ' + why)
  }
  bar.hidden = true
  say(failed.join(' '))
  return failed.length === 0
})
export const tellUnfinished = say => {
  const names = unfinished()
  if (names.length) say(t('Not uploaded whole yet: %s. Choose it again, and it goes on where it was.', names.join(', ')))
}
