// Draws a chart of its specification, in a frame without an origin. What is data stays data: nothing of it runs.
// The page above is told how it went, and nothing else.
const el = document.getElementById('chart')
const tell = chart => parent.postMessage({chart}, '*')
const failed = () => { el.textContent = el.dataset.failed; tell('failed') }
const {library, data, layout, frames, spec} = JSON.parse(document.getElementById('spec').textContent)
const drawing = library === 'plotly'
  ? () => Plotly.newPlot(el, {data, layout: {...layout, autosize: true}, config: {responsive: true, displaylogo: false, modeBarButtonsToRemove: ['toImage', 'sendChartToCloud']}, frames: frames ?? []})
  : () => vegaEmbed(el, spec, {ast: true, actions: false}) // ast: expressions are interpreted, no text becomes a script
try { drawing().then(() => tell('drawn'), failed) } catch { failed() }
