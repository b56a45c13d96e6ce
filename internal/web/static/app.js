// The whole page: one stream in, small POSTs out. No framework, no inline code.
import {t} from './say.js'
import {uploadAll, tellUnfinished} from './upload.js'

const $ = id => document.getElementById(id)
const body = document.body, base = body.dataset.base, conv = body.dataset.conv
let at = +body.dataset.after, source, letGo

// --- stream: open only while the page is seen; pick up after the last event applied
function open() {
  if (!document.hidden) letGo?.()
  if (source || document.hidden) return
  source = new EventSource(`${base}/c/${conv}/events?after=${at}`)
  source.onmessage = take
  source.onerror = () => { if (source.readyState === 2) { close(); setTimeout(open, 3000) } } // 2: a status other than 200
}
function close() { source?.close(); source = null; letGo?.() }
document.addEventListener('visibilitychange', () => document.hidden ? rest() : open())
// a hidden page keeps its stream only while it waits for an answer and one of three places is free:
// HTTP/1.1 has six connections for all tabs together
function rest() {
  if (!$('log').querySelector('[data-do$="/stop"]') || !navigator.locks) return close()
  let i = 0
  const next = () => document.hidden && source && (i++ < 3
    ? navigator.locks.request('stream' + i, {ifAvailable: true}, l => l ? new Promise(r => { letGo = r }) : next())
    : close())
  next()
}
addEventListener('pagehide', close)
addEventListener('pageshow', open) // also back from the back/forward cache

// events are applied once per frame: measuring the page for each of them costs 3 ms a piece
let queue = []
function take(m) { at = +m.lastEventId; if (queue.push(JSON.parse(m.data)) === 1) document.hidden ? setTimeout(flush, 200) : requestAnimationFrame(flush) }
function flush() {
  const low = document.documentElement.scrollHeight - scrollY - innerHeight < 120
  const q = queue; queue = []
  if (!q.every(patch)) return reload() // a target is missing: the server knows the whole page
  if (low) scrollTo(0, document.documentElement.scrollHeight)
}
// the page is loaded anew, but never again and again
function reload() {
  const last = +sessionStorage.reloaded || 0
  if (Date.now() - last > 10000) { sessionStorage.reloaded = Date.now(); location.reload() }
}
function patch({op, to, html}) {
  if (op === 'reload') return false
  if (op === 'clear') { $(to)?.replaceChildren(); return true }
  if (op === 'remove') { $(to)?.remove(); return true }
  if (op === 'end') { if (document.hidden) { document.title = '✓ ' + document.title.replace('✓ ', ''); setTimeout(close) } whisper(t('Answer finished.')); return true }
  const el = $(to)
  if (!el) return false
  if (op === 'text') el.lastChild?.nodeType === 3 ? el.lastChild.appendData(html) : el.append(html)
  else if (op === 'append') el.insertAdjacentHTML('beforeend', html)
  else if (op === 'replace') {
    const focused = el.contains(document.activeElement)
    el.outerHTML = html
    if (focused) ($(to)?.querySelector('button') ?? $('q')).focus()
  }
  return true
}

// --- what is said to everybody is seen; the end of an answer, which everybody sees, is for screen readers
function tell(text) { $('say').textContent = text; $('say').classList.toggle('vh', !text) }
function whisper(text) { $('say').textContent = text; $('say').classList.add('vh') }

// --- small POSTs
async function post(url, data) {
  const r = await fetch(url, {method: 'POST', body: data, headers: {Accept: 'text/plain'}}).catch(() => null)
  if (!r?.ok) tell(r?.headers.get('Content-Type')?.startsWith('text/plain') && await r.text() || t('That did not work. Try again.'))
  return r?.ok
}
document.addEventListener('click', async e => {
  const example = e.target.closest('[data-ask]')
  if (example) { $('q').value = example.dataset.ask; $('ask').requestSubmit(); return }
  const edit = e.target.closest('[data-edit]')
  if (edit) { $('q').value = edit.dataset.edit; $('replaces').value = edit.dataset.turn; $('q').focus(); return }
  const b = e.target.closest('[data-do]')
  if (!b) return
  if (b.ariaDisabled === 'true') return
  b.ariaDisabled = 'true' // not .disabled: that would throw the focus away
  if (!await post(b.dataset.do, new URLSearchParams(b.name ? {[b.name]: b.value} : {}))) b.ariaDisabled = null
})
let asking = false, uploading = true // a promise of whether all is there
$('ask').addEventListener('submit', async e => {
  e.preventDefault()
  if (asking) return // Enter twice is one question
  asking = true
  const f = e.target, sent = await uploading
  uploading = true
  const text = f.q.value
  if (sent && await post(f.action, new URLSearchParams(new FormData(f)))) {
    if (f.q.value.startsWith(text)) f.q.value = f.q.value.slice(text.length).trimStart() // what was typed meanwhile
    tell(''); f.replaces.value = ''; $('start')?.remove(); f.q.focus()
  }
  asking = false
})
$('q').addEventListener('keydown', e => {
  if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) { e.preventDefault(); $('ask').requestSubmit() }
})

// --- files: choose, drop, paste
const all = list => { if (list.length) uploading = uploadAll([...list], conv, tell, $('bar')) }
$('f').addEventListener('change', e => { all(e.target.files); e.target.value = '' })
for (const type of ['dragenter', 'dragover']) addEventListener(type, e => { if (e.dataTransfer.types.includes('Files')) { e.preventDefault(); body.classList.add('drop') } })
addEventListener('dragleave', e => { if (!e.relatedTarget) body.classList.remove('drop') })
addEventListener('drop', e => { e.preventDefault(); body.classList.remove('drop'); all(e.dataTransfer.files) })
addEventListener('paste', e => { if (e.clipboardData.files.length) { e.preventDefault(); all(e.clipboardData.files) } })
open()
tellUnfinished(tell)
if (location.hash.startsWith('#t=')) history.replaceState(null, '', location.pathname)
