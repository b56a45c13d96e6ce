import {t, number} from './say.js'

// <data-table>: a table of any length. The server sorts and filters; the page holds the rows that are seen.
const H = 28, PAGE = 100 // pixels of a row, rows of an answer

const make = (tag, props = {}, ...inside) => { const e = Object.assign(document.createElement(tag), props); e.append(...inside); return e }

customElements.define('data-table', class extends HTMLElement {
  pages = new Map; sort = -1; desc = false; q = ''; total = 0; all = 0; asked = 0

  connectedCallback() {
    if (this.box) return
    this.box = this.querySelector('.scroll')
    this.seen = new IntersectionObserver(e => { if (e.some(x => x.isIntersecting)) { this.seen.disconnect(); this.start() } }, {rootMargin: '300px'})
    this.seen.observe(this)
  }
  disconnectedCallback() { this.seen?.disconnect(); this.sized?.disconnect() }

  async start() {
    this.note = make('span', {role: 'status'})
    this.input = make('input', {type: 'search', dir: 'auto', ariaLabel: t('Filter %s', this.dataset.name), placeholder: t('Filter: words, price>10')})
    this.bar = make('div', {className: 'row start bar'}, this.input, this.note)
    this.prepend(this.bar)
    this.copy = make('button', {type: 'button', className: 'plain', textContent: t('Copy')})
    this.link = this.querySelector('a[href$="/csv"]')
    this.link.before(this.copy, ' ')
    let wait
    this.input.addEventListener('input', () => { clearTimeout(wait); wait = setTimeout(() => { this.q = this.input.value; this.reset() }, 150) })
    this.copy.addEventListener('click', () => this.copyAll())
    this.box.addEventListener('scroll', () => { this.frame ??= requestAnimationFrame(() => { this.frame = null; this.draw() }) }, {passive: true})
    await this.reset()
  }

  query(more) { return new URLSearchParams({sort: this.sort, desc: +this.desc, q: this.q, ...more}) }

  async reset() {
    this.asked++; this.pages.clear(); this.box.scrollTop = 0
    this.link.href = `${this.dataset.src}/csv?${this.query()}`
    await this.page(0)
  }

  async page(p) {
    if (this.pages.has(p)) return
    const asked = this.asked
    this.pages.set(p, null)
    const r = await fetch(`${this.dataset.src}/rows?${this.query({at: p * PAGE})}`).catch(() => null)
    if (asked !== this.asked) return // an answer to an older question
    if (!r?.ok) { this.pages.delete(p); this.say(r ? await r.text() : t('The server did not answer. Try again.')); this.classList.add('failed'); return }
    const d = await r.json()
    if (asked !== this.asked) return
    this.pages.set(p, d.rows)
    if (this.pages.size > 40) this.pages.delete(this.pages.keys().next().value)
    if (d.columns && !this.head) this.build(d.columns, d.all)
    this.total = d.total; this.all = d.all
    this.say(d.total === d.all ? t('%d rows', d.all) : t('%[2]s of %[1]d rows', d.all, number(d.total)))
    this.table.ariaRowCount = d.total + 1
    for (const th of this.head.cells) th.ariaSort = th.cellIndex === this.sort ? (this.desc ? 'descending' : 'ascending') : 'none'
    this.draw()
  }

  say(text) { if (this.note.textContent !== text) this.note.textContent = text }

  build(columns, all) {
    this.columns = columns
    this.head = make('tr')
    this.body = make('tbody')
    const group = make('colgroup')
    columns.forEach((c, i) => {
      const col = make('col')
      col.style.width = Math.max(6, Math.min(30, c.width + 5)) + 'ch' // a style="" in HTML is refused by the policy, this is not
      group.append(col)
      const b = make('button', {type: 'button', textContent: c.name || t('Column %d', i + 1), dir: 'auto'})
      b.addEventListener('click', () => {
        [this.sort, this.desc] = this.sort !== i ? [i, false] : this.desc ? [-1, false] : [i, true]
        this.reset()
      })
      this.head.append(make('th', {scope: 'col', className: c.kind === 'number' ? 'number' : ''}, b))
    })
    this.table = make('table', {}, group, make('thead', {}, this.head), this.body)
    this.table.style.width = columns.reduce((n, c) => n + Math.max(6, Math.min(30, c.width + 5)), 0) + 'ch'
    this.classList.add('live')
    this.bar.hidden = all < 6
    this.box.replaceChildren(this.table)
    this.sized = new ResizeObserver(() => this.draw())
    this.sized.observe(this.box)
  }

  // draw shows the rows around those that are seen, and room for the others
  draw() {
    if (!this.body) return
    const from = Math.max(0, Math.floor(this.box.scrollTop / H / 10) * 10 - 10), to = Math.min(this.total, from + Math.ceil(this.box.clientHeight / H) + 30)
    const has = p => this.pages.get(p) ? 1 : 0
    const key = [from, to, this.asked, has(Math.floor(from / PAGE)), has(Math.floor((to - 1) / PAGE))] + ''
    if (key === this.drawn) return // these rows are there
    this.drawn = key
    const room = n => { const td = make('td', {colSpan: this.columns.length}); td.style.height = n * H + 'px'; td.style.padding = 0; return make('tr', {ariaHidden: 'true'}, td) }
    const rows = from ? [room(from)] : []
    for (let i = from; i < to; i++) {
      const p = Math.floor(i / PAGE), cells = this.pages.get(p)?.[i % PAGE]
      if (!this.pages.has(p)) this.page(p)
      rows.push(make('tr', {ariaRowIndex: i + 2}, ...this.columns.map((c, n) => {
        const text = cells ? cells[n] : '…'
        return make('td', {textContent: text, dir: 'auto', className: c.kind === 'number' ? 'number' : '', title: text.length > 28 ? text : ''})
      })))
    }
    if (to < this.total) rows.push(room(this.total - to))
    if (!this.total) rows.push(make('tr', {}, make('td', {colSpan: this.columns.length, textContent: t('Nothing was found.')})))
    this.body.replaceChildren(...rows)
  }

  async copyAll() {
    try {
      const r = await fetch(`${this.dataset.src}/csv?${this.query({tabs: 1})}`)
      if (!r.ok) throw new Error(await r.text())
      await navigator.clipboard.writeText(await r.text())
      this.say(this.total > 10000 ? t('The first %d rows are copied.', 10000) : t('Copied.'))
    } catch { this.say(t('That could not be copied. Download it as CSV.')) }
  }
})
