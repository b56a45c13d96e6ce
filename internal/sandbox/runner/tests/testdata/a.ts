let x: number
