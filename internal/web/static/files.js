import {t} from './say.js'
import {uploadAll, tellUnfinished} from './upload.js'

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

const form = document.getElementById('upload')
if (form) {
  const say = text => { document.getElementById('say').textContent = text }
  const send = async list => { if (list.length && await uploadAll([...list], '', say, document.getElementById('bar'))) location.reload() }
  tellUnfinished(say)
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
