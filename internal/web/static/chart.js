import {t} from './say.js'

// <live-chart>: an interactive chart, drawn in a frame without an origin, when somebody asks for it.
customElements.define('live-chart', class extends HTMLElement {
  connectedCallback() {
    if (this.firstChild) return
    const b = document.createElement('button')
    b.type = 'button'; b.className = 'plain'; b.textContent = t('Show the interactive chart')
    b.addEventListener('click', () => {
      const f = document.createElement('iframe')
      f.setAttribute('sandbox', 'allow-scripts') // never allow-same-origin: this is somebody's script
      f.src = this.dataset.src; f.title = this.dataset.name
      addEventListener('message', e => { if (e.source === f.contentWindow && ['drawn', 'failed'].includes(e.data?.chart)) this.dataset.state = e.data.chart })
      this.replaceChildren(f)
    })
    this.append(b)
  }
})
