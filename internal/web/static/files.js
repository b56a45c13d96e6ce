import {t} from './say.js'

// What the pages of files do beyond links and forms: pages of documents to turn, uploads with progress.
const make = (tag, props = {}, ...inside) => { const e = Object.assign(document.createElement(tag), props); e.append(...inside); return e }

customElements.define('document-pages', class extends HTMLElement {
  n = 1; of = 0
  connectedCallback() {
    this.img = this.querySelector('img')
    this.note = make('span', {role: 'status'})
    this.back = make('button', {type: 'button', className: 'plain', textContent: t('Previous page'), onclick: () => this.turn(-1)})
    this.next = make('button', {type: 'button', className: 'plain', textContent: t('Next page'), onclick: () => this.turn(1)})
    this.append(make('div', {className: 'row start bar'}, this.back, this.next, this.note))
    this.show()
  }
  turn(by) { const n = this.n + by; if (n >= 1 && n <= this.of) { this.n = n; this.show() } }
  async show() {
    const n = this.n
    this.note.textContent = this.of ? t('Page %d of %d', n, this.of) + ' …' : t('Drawing') + ' …'
    const r = await fetch(`${this.dataset.src}?n=${n}`).catch(() => null)
    if (n !== this.n) return
    if (!r?.ok) { this.note.textContent = r ? await r.text() : t('The server did not answer. Try again.'); return }
    this.of = +r.headers.get('X-Pages')
    this.img.src = r.url // it is in the cache by now
    this.img.alt = t('%[2]s, page %[1]d', n, this.dataset.name)
    this.note.textContent = t('Page %d of %d', n, this.of)
    this.back.ariaDisabled = n === 1; this.next.ariaDisabled = n === this.of
  }
})

// a proxy before the server answers with a page of its own
const why = x => x.getResponseHeader('Content-Type')?.startsWith('text/plain') ? x.response : x.status === 413 ? t('That is too large for the server.') : t('That did not work.')

// fetch tells nothing of an upload's progress, XMLHttpRequest does
const form = document.getElementById('upload')
if (form) {
  const bar = document.getElementById('bar'), say = document.getElementById('say')
  const send = list => {
    if (!list.length) return
    const x = new XMLHttpRequest, data = new FormData
    for (const f of list) data.append('file', f)
    x.upload.onprogress = e => { bar.hidden = false; bar.value = e.loaded / e.total; say.textContent = `${Math.round(100 * e.loaded / e.total)} %` }
    x.onload = () => { bar.hidden = true; if (x.status < 300) location.reload(); else say.textContent = why(x) }
    x.onerror = () => { bar.hidden = true; say.textContent = t('The upload broke off. Please try again.') }
    x.open('POST', form.action)
    x.setRequestHeader('Accept', 'text/plain')
    x.send(data)
  }
  form.addEventListener('submit', e => { e.preventDefault(); send(form.file.files) })
  form.file.addEventListener('change', () => send(form.file.files))
  for (const type of ['dragenter', 'dragover']) addEventListener(type, e => { if (e.dataTransfer.types.includes('Files')) { e.preventDefault(); document.body.classList.add('drop') } })
  addEventListener('dragleave', e => { if (!e.relatedTarget) document.body.classList.remove('drop') })
  addEventListener('drop', e => { e.preventDefault(); document.body.classList.remove('drop'); send(e.dataTransfer.files) })

  // several at once
  const several = document.getElementById('several')
  const count = () => { const n = document.querySelectorAll('input[name=id]:checked').length; several.querySelector('button').textContent = n ? t('Delete %d files', n) : t('Delete the chosen files') }
  document.addEventListener('change', e => { if (e.target.name === 'id') count() })
}
